"""The sample restaurants: what is in them, and that nothing is written twice."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from pytest_django import Settings

from kitchen.cookbook import cookbook_of
from kitchen.measures import converted, is_same_kind
from kitchen.models import (
    Ingredient,
    IngredientAllergen,
    Recipe,
    RecipeIngredient,
    RecipeStep,
    RecipeStepStation,
    Station,
)
from orders.models import Counter, Membership, MenuItem, ModifierGroup, Restaurant, Table, User
from realtime.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _debug(settings: Settings) -> None:
    settings.DEBUG = True


def seed(*options: str) -> str:
    output = io.StringIO()
    call_command("seed_demo", *options, stdout=output)
    return output.getvalue()


def rows_of_everything() -> dict[str, int]:
    models = (
        *(Restaurant, User, Membership, MenuItem, ModifierGroup, Station, Table, Counter, Event),
        *(Ingredient, IngredientAllergen, Recipe, RecipeStep, RecipeStepStation, RecipeIngredient),
    )
    return {model.__name__: model._default_manager.count() for model in models}


def test_demo_is_whole_when_seeded() -> None:
    seed()

    demo = Restaurant.objects.get(slug="demo")
    assert demo.menu_items.count() == 40
    assert sorted(demo.stations.values_list("name", flat=True)) == ["Bar", "Cold", "Fry", "Grill", "Pastry"]
    assert demo.tables.count() == 20
    assert demo.counters.count() == 2
    assert demo.allergens.count() == 14
    assert demo.auto_confirm is False
    assert dict(demo.memberships.values_list("user__username", "role")) == {
        "owner": "owner",
        "manager": "manager",
        "waiter": "waiter",
        "chef": "kitchen",
        "cashier": "cashier",
    }


def test_bistro_has_its_own_staff_when_seeded() -> None:
    seed()

    bistro = Restaurant.objects.get(slug="bistro")
    assert dict(bistro.memberships.values_list("user__username", "role")) == {
        "bistro-manager": "manager",
        "bistro-waiter": "waiter",
        "bistro-chef": "kitchen",
    }
    assert bistro.menu_items.count() == 8


def test_each_dish_has_a_station_and_choices_of_its_own_restaurant_when_seeded() -> None:
    seed()

    for dish in MenuItem.objects.select_related("station", "category"):
        assert dish.station is not None
        assert dish.station.restaurant_id == dish.category.restaurant_id == dish.restaurant_id
        assert {group.restaurant_id for group in dish.modifier_groups.all()} <= {dish.restaurant_id}
        assert {allergen.restaurant_id for allergen in dish.allergens.all()} <= {dish.restaurant_id}


def test_demo_cooks_by_recipes_when_seeded() -> None:
    seed()

    recipes = Recipe.objects.filter(restaurant__slug="demo", is_active=True)
    steps = RecipeStep.objects.filter(recipe__in=recipes).annotate(places_count=Count("places"))
    stations = Count("steps__places__station", distinct=True)
    assert recipes.count() == 19
    assert recipes.annotate(count=Count("steps", distinct=True)).filter(count__gte=2).count() == 13
    assert recipes.annotate(count=stations).filter(count__gte=2).count() == 13
    assert (steps.filter(places_count__gte=2).count(), steps.filter(places_count=0).count()) == (16, 2)
    assert not recipes.filter(ingredients=None).exists()


def test_every_recipe_holds_together_when_seeded() -> None:
    seed()

    used = RecipeIngredient.objects.select_related("ingredient", "recipe__menu_item")
    for row in used:
        assert is_same_kind(row.unit, row.ingredient.unit)
        assert row.ingredient.restaurant_id == row.recipe.restaurant_id == row.recipe.menu_item.restaurant_id
    for place in RecipeStepStation.objects.select_related("station", "step__recipe"):
        assert place.station.restaurant_id == place.step.recipe.restaurant_id
    assert not Ingredient.objects.filter(recipe_ingredients=None).exists()
    bistro = Recipe.objects.filter(restaurant__slug="bistro").order_by("menu_item__name")
    assert list(bistro.values_list("menu_item__name", flat=True)) == ["Croque monsieur", "Onion soup", "Steak frites"]


def test_enough_is_on_hand_for_an_evening_when_seeded() -> None:
    seed()

    used = RecipeIngredient.objects.select_related("ingredient", "recipe__restaurant")
    portions: dict[str, list[int]] = {"demo": [], "bistro": []}
    for row in used:
        taken = converted(row.quantity, row.unit, row.ingredient.unit)
        portions[row.recipe.restaurant.slug].append(int(row.ingredient.on_hand / taken))
    assert (min(portions["demo"]), min(portions["bistro"])) == (600, 300)


def test_some_allergens_are_known_only_through_ingredients_when_seeded() -> None:
    seed()

    demo = Restaurant.objects.get(slug="demo")
    dishes = {dish.name: dish for dish in demo.menu_items.prefetch_related("allergens")}
    makings = cookbook_of(demo.pk).makings([dish.pk for dish in dishes.values()])
    hidden = {}
    for name in ("Caesar salad", "Chocolate fondant", "French fries", "Negroni"):
        said = {allergen.name for allergen in dishes[name].allergens.all()}
        making = makings[dishes[name].pk]
        hidden[name] = (set(making.contains) - said, set(making.may_contain) - said - making.contains)
    assert hidden == {
        "Caesar salad": ({"Mustard"}, {"Sesame", "Soya"}),
        "Chocolate fondant": ({"Soya"}, {"Nuts", "Peanuts", "Lupin"}),
        "French fries": (set(), {"Gluten", "Fish", "Crustaceans"}),
        "Negroni": (set(), set()),
    }


def test_every_dish_and_station_is_announced_when_seeded() -> None:
    seed()

    types = Event.objects.filter(restaurant__slug="demo").order_by("seq").values_list("type", "source")
    assert list(types) == [("station:updated", "system")] * 5 + [("menu-item:updated", "system")] * 40


def test_nothing_changes_when_seeded_again() -> None:
    seed()
    before = rows_of_everything()

    said = seed()

    assert rows_of_everything() == before
    assert said == "demo is there already and stays as it is.\nbistro is there already and stays as it is.\n"


def test_password_is_kept_when_the_user_was_known() -> None:
    User.objects.create_user("waiter", password="her own secret")

    said = seed()

    assert User.objects.get(username="waiter").check_password("her own secret")
    assert "  Known before, with a password of their own: waiter.\n" in said


def test_seeding_is_refused_when_not_debugging(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match=r"^The sample users' password is known to everybody: .* --force\.$"):
        seed()

    assert Restaurant.objects.count() == 0


def test_seeding_is_done_when_forced(settings: Settings) -> None:
    settings.DEBUG = False

    seed("--force")

    assert Restaurant.objects.count() == 2
    assert User.objects.get(username="owner").check_password("brigade-demo")
