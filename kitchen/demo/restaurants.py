"""The two sample restaurants: `demo`, with one of everything, and `bistro`, whose staff must never see it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kitchen.demo import demo_menu, demo_recipes
from kitchen.demo.plans import Area, Choice, Dish, Formula, Person, Plan, Stuff, Task
from orders.states import Role

# Known to everybody, and so refused outside DEBUG.
PASSWORD = "brigade-demo"  # noqa: S105

DEMO = Plan(
    slug="demo",
    name="Ember & Salt",
    currency="EUR",
    timezone="Europe/Berlin",
    day_starts_at=dt.time(4),
    order_prefix="T1",
    tax_rate=Decimal("0.07"),
    prices_include_tax=True,
    service_rate=Decimal(0),
    channel_minutes={"delivery": {"warn": 12, "late": 25}, "online": {"warn": 12, "late": 25}},
    staff=(
        Person("owner", "Olga Brandt", Role.OWNER),
        Person("manager", "Marco Vidal", Role.MANAGER),
        Person("waiter", "Wanda Novak", Role.WAITER),
        Person("chef", "Chidi Okafor", Role.KITCHEN),
        Person("cashier", "Carla Rossi", Role.CASHIER),
    ),
    stations={"Grill": 8, "Fry": 6, "Cold": 8, "Pastry": 4, "Bar": 10},
    areas=(
        Area("Main room", "M", (4, 4, 4, 4, 6, 6, 2, 2)),
        Area("Window", "W", (2, 2, 4, 4)),
        Area("Garden", "G", (4, 4, 4, 6, 8, 8)),
        Area("Bar", "B", (2, 2)),
    ),
    counters=("Bar till", "Front till"),
    food_types=("Vegan", "Vegetarian"),
    choices=demo_menu.CHOICES,
    menu=demo_menu.MENU,
    ingredients=demo_recipes.INGREDIENTS,
    recipes=demo_recipes.RECIPES,
)

BISTRO = Plan(
    slug="bistro",
    name="Bistro Lucille",
    currency="USD",
    timezone="America/New_York",
    day_starts_at=dt.time(5),
    order_prefix="B1",
    tax_rate=Decimal("0.0888"),
    prices_include_tax=False,
    service_rate=Decimal("0.18"),
    channel_minutes={},
    staff=(
        Person("bistro-manager", "Mireille Petit", Role.MANAGER),
        Person("bistro-waiter", "Walter Quinn", Role.WAITER),
        Person("bistro-chef", "Camille Roux", Role.KITCHEN),
    ),
    stations={"Stove": 5, "Cold": 4},
    areas=(Area("Inside", "I", (2, 2, 4)), Area("Sidewalk", "S", (2, 2, 4))),
    counters=("Till",),
    food_types=("Vegetarian",),
    choices=(
        Choice("Bread", 0, 1, [("Baguette", "0"), ("Gluten-free bread", "1.50")]),
        Choice("Leave out", 0, 2, [("No cheese", "0"), ("No onions", "0")]),
    ),
    menu={
        "Starters": (
            Dish("Onion soup", "9.00", "Stove", 6, "Gratinated.", "", ("Gluten", "Milk"), ("Bread",)),
            Dish("Niçoise salad", "14.00", "Cold", 6, "Tuna, egg, olives.", "", ("Fish", "Eggs"), ("Leave out",)),
        ),
        "Mains": (
            Dish("Croque monsieur", "13.00", "Stove", 8, "Ham and comté.", "", ("Gluten", "Milk")),
            Dish("Steak frites", "27.00", "Stove", 14, "With sauce béarnaise.", "", ("Eggs", "Milk")),
            Dish("Ratatouille", "16.00", "Stove", 10, "Slowly cooked.", "Vegetarian", ("Celery",), ("Bread",)),
            Dish("Moules marinières", "22.00", "Stove", 9, "One pound.", "", ("Molluscs", "Sulphites"), stock=20),
        ),
        "Desserts and drinks": (
            Dish("Tarte tatin", "9.00", "Cold", 4, "Warm.", "Vegetarian", ("Gluten", "Milk"), stock=12),
            Dish("Pastis", "8.00", "Cold", 2, "With a jug of water."),
        ),
    },
    ingredients=(
        Stuff("Onions", "kg", "60"),
        Stuff("Comté", "kg", "25", ("Milk",)),
        Stuff("Baguette", "piece", "300", ("Gluten",), ("Sesame", "Nuts")),
        Stuff("Ham", "kg", "30", (), ("Celery", "Milk")),
        Stuff("Beef stock", "l", "120", ("Celery",)),
        Stuff("Butter", "kg", "30", ("Milk",)),
        Stuff("Steak", "piece", "300"),
        Stuff("Potatoes", "kg", "200"),
        Stuff("Béarnaise", "l", "30", ("Eggs", "Milk", "Sulphites")),
    ),
    recipes={
        "Onion soup": Formula(
            (Task("Ladle", 2, ("Stove", "Cold")), Task("Gratinate", 4, ("Stove",))),
            {"Onions": "200 g", "Beef stock": "0.3 l", "Baguette": "0.2 piece", "Comté": "40 g", "Butter": "15 g"},
        ),
        "Croque monsieur": Formula(
            (Task("Build", 2, ("Cold",)), Task("Grill", 6)),
            {"Baguette": "0.3 piece", "Ham": "60 g", "Comté": "50 g", "Butter": "10 g"},
        ),
        "Steak frites": Formula(
            (Task("Sear", 10, ("Stove",)), Task("Plate", 3, ("Stove", "Cold"))),
            {"Steak": "1 piece", "Potatoes": "0.25 kg", "Béarnaise": "50 ml"},
        ),
    },
)

PLANS = (DEMO, BISTRO)
