"""The menu of the restaurant `demo`: forty dishes and drinks, and the choices that come with them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kitchen.demo.plans import Choice, Dish

# Drinks are taxed higher than food there.
DRINKS_TAX = Decimal("0.19")

CHOICES = (
    Choice("Doneness", 1, 1, [("Rare", "0"), ("Medium rare", "0"), ("Medium", "0"), ("Well done", "0")]),
    Choice(
        "Side",
        1,
        1,
        [("French fries", "0"), ("Baked potato", "0"), ("Green salad", "0"), ("Sweet potato fries", "1.50")],
    ),
    Choice(
        "Sauce",
        0,
        2,
        [("Garlic aioli", "0.80"), ("Pepper sauce", "1.50"), ("Herb butter", "1.00"), ("BBQ sauce", "0.80")],
    ),
    Choice(
        "Burger extras", 0, 4, [("Bacon", "1.80"), ("Cheddar", "1.20"), ("Fried egg", "1.50"), ("Jalapeños", "0.90")]
    ),
    Choice("Leave out", 0, 3, [("No onions", "0"), ("No tomato", "0"), ("No pickles", "0"), ("No mayonnaise", "0")]),
    Choice("Dressing", 1, 1, [("Vinaigrette", "0"), ("Yoghurt dressing", "0"), ("Caesar dressing", "0.50")]),
    Choice("Salad topping", 0, 2, [("Grilled chicken", "4.50"), ("Prawns", "5.90"), ("Goat cheese", "3.50")]),
    Choice("Scoop on top", 0, 2, [("Vanilla ice cream", "1.80"), ("Whipped cream", "0.90")]),
    Choice("Size", 1, 1, [("Small 0.3 l", "0"), ("Large 0.5 l", "1.60")]),
    Choice("Milk", 0, 1, [("Oat milk", "0.50"), ("Soy milk", "0.50"), ("Lactose-free milk", "0.40")]),
)

MENU: dict[str, Sequence[Dish]] = {
    "Starters": (
        Dish("Bruschetta", "7.50", "Cold", 5, "Tomato, basil and garlic on toasted bread.", "Vegan", ("Gluten",)),
        Dish("Beef carpaccio", "13.50", "Cold", 6, "With rocket and parmesan.", "", ("Milk", "Mustard")),
        Dish("Gazpacho", "6.90", "Cold", 4, "Cold soup of tomatoes and peppers.", "Vegan", ("Celery", "Sulphites")),
        Dish("Crispy calamari", "11.50", "Fry", 7, "With lemon and aioli.", "", ("Gluten", "Molluscs", "Eggs")),
        Dish("Grilled halloumi", "9.80", "Grill", 6, "With mint yoghurt.", "Vegetarian", ("Milk",)),
        Dish("Half a dozen oysters", "19.50", "Cold", 8, "On ice, with shallot vinegar.", "",
             ("Molluscs", "Sulphites"), stock=40),
    ),
    "Salads and bowls": (
        Dish("Caesar salad", "11.90", "Cold", 6, "Romaine, croutons, parmesan, anchovies.", "",
             ("Gluten", "Eggs", "Fish", "Milk"), ("Salad topping",)),
        Dish("Garden salad", "8.90", "Cold", 5, "What the market had this morning.", "Vegan",
             ("Mustard",), ("Dressing", "Salad topping")),
        Dish("Quinoa bowl", "13.20", "Cold", 7, "Roast squash, chickpeas and tahini.", "Vegan", ("Sesame",)),
        Dish("Tuna poke bowl", "15.90", "Cold", 8, "Raw tuna, sushi rice, edamame.", "", ("Fish", "Soya", "Sesame")),
    ),
    "Burgers": (
        Dish("House burger", "13.90", "Grill", 11, "180 g of beef, cheddar, pickles.", "",
             ("Gluten", "Milk", "Eggs", "Mustard", "Sesame"), ("Doneness", "Burger extras", "Leave out")),
        Dish("Blue cheese burger", "15.50", "Grill", 12, "With caramelised onions.", "",
             ("Gluten", "Milk", "Sesame"), ("Doneness", "Burger extras", "Leave out")),
        Dish("Crispy chicken burger", "13.50", "Fry", 10, "Buttermilk chicken and slaw.", "",
             ("Gluten", "Milk", "Eggs", "Celery"), ("Burger extras", "Leave out")),
        Dish("Falafel burger", "12.50", "Fry", 9, "With hummus and mint.", "Vegan",
             ("Gluten", "Sesame"), ("Leave out",)),
        Dish("Fish burger", "14.20", "Fry", 10, "Breaded cod, remoulade.", "",
             ("Gluten", "Fish", "Eggs", "Mustard"), ("Leave out",)),
    ),
    "From the grill": (
        Dish("Rump steak 250 g", "26.50", "Grill", 14, "Dry-aged for three weeks.", "", (),
             ("Doneness", "Side", "Sauce")),
        Dish("Rib eye 300 g", "32.00", "Grill", 16, "With roast garlic.", "", (), ("Doneness", "Side", "Sauce")),
        Dish("T-bone for two", "69.00", "Grill", 22, "900 g, carved at the table.", "", (),
             ("Doneness", "Side", "Sauce"), stock=12),
        Dish("Half a chicken", "17.50", "Grill", 18, "Marinated in lemon and thyme.", "", (), ("Side", "Sauce")),
        Dish("Salmon fillet", "22.90", "Grill", 12, "Grilled on its skin.", "", ("Fish",), ("Side", "Sauce")),
        Dish("Spare ribs", "19.90", "Grill", 15, "Glazed with our BBQ sauce.", "", ("Soya", "Mustard", "Celery"),
             ("Side",)),
        Dish("Vegetable skewers", "14.50", "Grill", 10, "With chimichurri.", "Vegan", ("Sulphites",),
             ("Side", "Sauce")),
    ),
    "Classics": (
        Dish("Wiener schnitzel", "23.50", "Fry", 12, "Veal, with potato salad.", "", ("Gluten", "Eggs", "Milk")),
        Dish("Fish and chips", "16.90", "Fry", 11, "Cod in beer batter, mushy peas.", "", ("Fish", "Gluten", "Eggs")),
        Dish("Prawn tempura", "18.50", "Fry", 9, "With a soy dip.", "", ("Crustaceans", "Gluten", "Soya")),
        Dish("Catch of the day", "24.00", "Grill", 14, "Ask what came in.", "", ("Fish",), ("Side",), stock=25),
    ),
    "Sides": (
        Dish("French fries", "4.50", "Fry", 5, "Twice fried.", "Vegan"),
        Dish("Sweet potato fries", "5.20", "Fry", 5, "With smoked salt.", "Vegan"),
        Dish("Onion rings", "4.90", "Fry", 5, "In beer batter.", "Vegetarian", ("Gluten", "Milk")),
        Dish("Coleslaw", "3.90", "Cold", 2, "White cabbage and apple.", "Vegetarian", ("Eggs", "Mustard")),
    ),
    "Desserts": (
        Dish("Chocolate fondant", "8.50", "Pastry", 12, "Warm, with a soft heart.", "Vegetarian",
             ("Eggs", "Milk", "Gluten"), ("Scoop on top",), stock=60),
        Dish("Crème brûlée", "7.50", "Pastry", 6, "With real vanilla.", "Vegetarian", ("Eggs", "Milk")),
        Dish("Apple strudel", "7.20", "Pastry", 8, "With vanilla sauce.", "Vegetarian",
             ("Gluten", "Milk", "Nuts"), ("Scoop on top",)),
        Dish("Mango sorbet", "5.50", "Pastry", 3, "Two scoops.", "Vegan"),
    ),
    "Drinks": (
        Dish("Mineral water 0.75 l", "5.90", "Bar", 2, "Still or sparkling.", "Vegan", tax_rate=DRINKS_TAX),
        Dish("Home-made lemonade", "4.80", "Bar", 4, "Lemon, mint, ginger.", "Vegan", (), ("Size",), DRINKS_TAX),
        Dish("Draught lager", "3.90", "Bar", 3, "Brewed next door.", "Vegan", ("Gluten",), ("Size",), DRINKS_TAX),
        Dish("Glass of red wine", "6.80", "Bar", 2, "Blaufränkisch, 0.2 l.", "Vegan", ("Sulphites",), (), DRINKS_TAX),
        Dish("Negroni", "10.50", "Bar", 5, "Gin, vermouth, Campari.", "Vegan", ("Sulphites",), (), DRINKS_TAX),
        Dish("Cappuccino", "3.80", "Bar", 3, "Our own roast.", "Vegetarian", ("Milk",), ("Milk",), DRINKS_TAX),
    ),
}  # fmt: skip
