"""What the restaurant `demo` cooks with, and how: recipes of nineteen of its dishes.

Enough is on hand for a busy evening. Some allergens stand in no dish's own list and are known only here: the mustard
in the Caesar dressing, the soya in the chocolate, what the bakery and the fryer leave traces of.
"""

from __future__ import annotations

from kitchen.demo.plans import Formula, Stuff, Task

_TOAST = Task("Toast", 1, ("Grill", "Fry"))
_PLATE = Task("Plate", 1, ("Cold", "Grill"))
_CARVE = Task("Rest and carve", 3, ("Grill",))
_WITH_SIDE = Task("Plate with its side", 2, ("Fry", "Cold"))

INGREDIENTS = (
    # From the butcher and the fishmonger
    Stuff("Beef patty", "piece", "1800"),
    Stuff("Beef fillet", "kg", "60"),
    Stuff("Rump steak", "piece", "700"),
    Stuff("Rib eye", "piece", "600"),
    Stuff("Veal escalope", "piece", "800"),
    Stuff("Salmon fillet", "piece", "800", ("Fish",)),
    Stuff("Cod fillet", "piece", "900", ("Fish",), ("Crustaceans", "Molluscs")),
    Stuff("Anchovies", "g", "15000", ("Fish",)),
    # From the dairy
    Stuff("Butter", "kg", "60", ("Milk",)),
    Stuff("Cheddar", "kg", "50", ("Milk",)),
    Stuff("Blue cheese", "kg", "40", ("Milk",)),
    Stuff("Parmesan", "kg", "40", ("Milk", "Eggs")),
    Stuff("Cream", "l", "150", ("Milk",)),
    Stuff("Milk", "l", "250", ("Milk",)),
    Stuff("Eggs", "piece", "4000", ("Eggs",)),
    Stuff("Vanilla sauce", "l", "80", ("Milk", "Eggs")),
    # From the bakery, where everything is made on one bench
    Stuff("Burger bun", "piece", "2500", ("Gluten", "Sesame"), ("Milk", "Nuts")),
    Stuff("Country bread", "kg", "80", ("Gluten",), ("Sesame", "Nuts")),
    Stuff("Croutons", "kg", "30", ("Gluten",), ("Sesame", "Soya")),
    Stuff("Breadcrumbs", "kg", "60", ("Gluten",), ("Milk", "Sesame")),
    Stuff("Flour", "kg", "100", ("Gluten",), ("Lupin",)),
    Stuff("Strudel pastry", "piece", "800", ("Gluten",)),
    # From the market
    Stuff("Tomatoes", "kg", "250"),
    Stuff("Peppers", "kg", "60"),
    Stuff("Onions", "kg", "120"),
    Stuff("Garlic", "g", "20000"),
    Stuff("Basil", "g", "8000"),
    Stuff("Rocket", "kg", "30"),
    Stuff("Romaine", "kg", "120"),
    Stuff("Potatoes", "kg", "900"),
    Stuff("Peas", "kg", "120"),
    Stuff("Lemons", "piece", "3000"),
    Stuff("Mint", "g", "8000"),
    Stuff("Ginger", "g", "12000"),
    Stuff("Apples", "kg", "150"),
    # From the shelf
    Stuff("Olive oil", "l", "100"),
    Stuff("Frying oil", "l", "400", (), ("Gluten", "Fish", "Crustaceans")),
    Stuff("Burger sauce", "kg", "60", ("Eggs", "Mustard"), ("Celery",)),
    Stuff("Pickles", "kg", "50", ("Mustard",), ("Sulphites",)),
    Stuff("Caesar dressing", "l", "60", ("Eggs", "Fish", "Mustard")),
    Stuff("Sherry vinegar", "ml", "20000", ("Sulphites",)),
    Stuff("Walnuts", "kg", "30", ("Nuts",), ("Peanuts",)),
    Stuff("Dark chocolate", "kg", "80", ("Soya",), ("Nuts", "Peanuts")),
    Stuff("Sugar", "kg", "150"),
    Stuff("Vanilla pod", "piece", "900"),
    Stuff("Salt", "kg", "50"),
    # From the bar
    Stuff("Lager", "l", "900", ("Gluten",)),
    Stuff("Gin", "l", "60"),
    Stuff("Red vermouth", "l", "60", ("Sulphites",)),
    Stuff("Campari", "l", "60"),
    Stuff("Coffee beans", "kg", "40"),
)

RECIPES = {
    "Bruschetta": Formula(
        (Task("Toast", 2, ("Grill", "Fry")), Task("Top", 3)),
        {"Country bread": "120 g", "Tomatoes": "150 g", "Garlic": "4 g", "Basil": "3 g", "Olive oil": "15 ml"},
    ),
    "Beef carpaccio": Formula(
        (Task("Slice", 4, ("Cold",)), Task("Dress", 2, ("Cold",))),
        {"Beef fillet": "90 g", "Rocket": "30 g", "Parmesan": "20 g", "Olive oil": "10 ml", "Salt": "1 g"},
    ),
    "Gazpacho": Formula(
        (Task("Blend and pour", 4, ("Cold", "Bar")),),
        {"Tomatoes": "0.3 kg", "Peppers": "60 g", "Garlic": "2 g", "Sherry vinegar": "10 ml", "Olive oil": "15 ml"},
    ),
    "Caesar salad": Formula(
        (Task("Toss", 4, ("Cold",)), Task("Top", 2, ("Cold",))),
        {"Romaine": "180 g", "Croutons": "30 g", "Parmesan": "20 g", "Anchovies": "12 g", "Caesar dressing": "60 ml"},
    ),
    "House burger": Formula(
        (_TOAST, Task("Grill", 8, ("Grill",)), Task("Build", 2, ("Cold", "Grill"))),
        {
            "Beef patty": "1 piece",
            "Burger bun": "1 piece",
            "Cheddar": "25 g",
            "Pickles": "20 g",
            "Onions": "30 g",
            "Burger sauce": "30 g",
        },
    ),
    "Blue cheese burger": Formula(
        (Task("Caramelise", 3, ("Fry", "Grill")), Task("Grill", 8, ("Grill",)), Task("Build", 2, ("Cold", "Grill"))),
        {"Beef patty": "1 piece", "Burger bun": "1 piece", "Blue cheese": "40 g", "Onions": "90 g", "Butter": "10 g"},
    ),
    "Rump steak 250 g": Formula(
        (Task("Sear", 9, ("Grill",)), _CARVE, _WITH_SIDE),
        {"Rump steak": "1 piece", "Butter": "20 g", "Salt": "3 g"},
    ),
    "Rib eye 300 g": Formula(
        (Task("Sear", 11, ("Grill",)), _CARVE, _WITH_SIDE),
        {"Rib eye": "1 piece", "Garlic": "15 g", "Butter": "20 g", "Salt": "3 g"},
    ),
    "Salmon fillet": Formula(
        (Task("Grill on the skin", 9, ("Grill",)), _WITH_SIDE),
        {"Salmon fillet": "1 piece", "Lemons": "0.5 piece", "Olive oil": "10 ml"},
    ),
    "Wiener schnitzel": Formula(
        (Task("Bread", 3, ("Cold", "Fry")), Task("Fry", 7, ("Fry",)), _PLATE),
        {
            "Veal escalope": "1 piece",
            "Flour": "25 g",
            "Eggs": "1 piece",
            "Breadcrumbs": "60 g",
            "Frying oil": "80 ml",
            "Potatoes": "250 g",
            "Lemons": "0.25 piece",
        },
    ),
    "Fish and chips": Formula(
        (Task("Batter", 2, ("Fry",)), Task("Fry", 7, ("Fry",)), Task("Plate with peas", 2, ("Grill", "Fry"))),
        {
            "Cod fillet": "1 piece",
            "Flour": "60 g",
            "Lager": "0.1 l",
            "Potatoes": "300 g",
            "Peas": "100 g",
            "Frying oil": "120 ml",
        },
    ),
    "French fries": Formula(
        (Task("Fry twice", 5, ("Fry",)),), {"Potatoes": "250 g", "Frying oil": "60 ml", "Salt": "3 g"}
    ),
    "Onion rings": Formula(
        (Task("Batter and fry", 5, ("Fry",)),),
        {"Onions": "180 g", "Flour": "40 g", "Lager": "80 ml", "Frying oil": "80 ml", "Milk": "20 ml"},
    ),
    "Chocolate fondant": Formula(
        (Task("Bake", 11, ("Pastry",)), Task("Turn out", 1, ("Pastry", "Cold"))),
        {"Dark chocolate": "60 g", "Butter": "40 g", "Eggs": "1.5 piece", "Sugar": "30 g", "Flour": "15 g"},
    ),
    "Crème brûlée": Formula(
        (Task("Burn the sugar", 4, ("Pastry", "Grill")), Task("Garnish", 1)),
        {"Cream": "120 ml", "Eggs": "2 piece", "Sugar": "25 g", "Vanilla pod": "0.25 piece"},
    ),
    "Apple strudel": Formula(
        (Task("Warm", 6, ("Pastry", "Grill")), Task("Pour the sauce", 2, ("Pastry",))),
        {"Strudel pastry": "1 piece", "Apples": "150 g", "Walnuts": "15 g", "Sugar": "10 g", "Vanilla sauce": "80 ml"},
    ),
    "Home-made lemonade": Formula(
        (Task("Press and mix", 4, ("Bar",)),), {"Lemons": "1.5 piece", "Mint": "3 g", "Ginger": "5 g", "Sugar": "20 g"}
    ),
    "Negroni": Formula((Task("Stir", 5, ("Bar",)),), {"Gin": "30 ml", "Red vermouth": "30 ml", "Campari": "30 ml"}),
    "Cappuccino": Formula((Task("Pull and foam", 3, ("Bar", "Pastry")),), {"Coffee beans": "9 g", "Milk": "140 ml"}),
}
