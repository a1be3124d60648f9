"""Recipes and ingredients in the admin: versions, counts, and what is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from kitchen.models import Ingredient, IngredientAllergen, Recipe, RecipeIngredient, RecipeStep, RecipeStepStation
from kitchen.services.ingredients import update_ingredient
from kitchen.services.recipes import AskedStep, delete_recipe, update_recipe
from orders.models import Allergen, MenuItem
from orders.states import Role
from tests.factories import StationFactory
from tests.pantry import stocked, written

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.places import Place


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("bistro")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def form_of(client: Client, path: str) -> dict[str, Any]:
    """What a browser would send back of a page's forms, untouched."""
    response = client.get(path)
    forms = [response.context["adminform"].form] + [
        form
        for formset in response.context["inline_admin_formsets"]
        for form in (formset.formset.management_form, *formset.formset.forms)
    ]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            if bound.field.show_hidden_initial:
                sent[bound.html_initial_name] = bound.field.prepare_value(bound.initial)
            sent[bound.html_name] = bound.value()
    return {name: value for name, value in sent.items() if value is not None and value is not False}


def send(client: Client, path: str, sent: dict[str, Any]) -> list[str]:
    """Send a form; return what is said of it, above the page or beside the fields."""
    response = client.post(path, sent, follow=True)
    assert response.status_code == 200
    said = [str(message) for message in response.context["messages"]]
    if "adminform" in response.context and not said:
        said += [str(error) for errors in response.context["adminform"].form.errors.values() for error in errors]
        for formset in response.context["inline_admin_formsets"]:
            said += [str(error) for each in formset.formset.errors for errors in each.values() for error in errors]
    return said


def versions() -> list[tuple[int, str]]:
    return list(RecipeStep.objects.order_by("version", "position").values_list("version", "name"))


def page_of(recipe: Recipe) -> str:
    return f"/admin/kitchen/recipe/{recipe.pk}/change/"


def test_next_version_is_made_when_a_recipe_is_saved(place: Place, manager: Client) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    oven = StationFactory(restaurant=place.restaurant, name="Oven")
    both = (place.station.pk, oven.pk)
    steps = [AskedStep("Season", 1), AskedStep("Grill", 8, station_ids=both), AskedStep("Rest", 2)]
    recipe = written(place.dish, [(salt, "2", "g")], steps)

    sent = form_of(manager, page_of(recipe))
    sent |= {"steps-0-name": "Salt", "steps-2-DELETE": "on", "ingredients-0-quantity": "3.5"}
    said = send(manager, page_of(recipe), sent)

    assert said == ['The recipe “<a href="' + page_of(recipe) + '">Burger v2</a>” was changed successfully.']
    assert versions() == [(1, "Season"), (1, "Grill"), (1, "Rest"), (2, "Salt"), (2, "Grill")]
    assert Recipe.objects.get().version == 2
    uses = list(RecipeIngredient.objects.values_list("version", "quantity", "unit"))
    assert uses == [(1, Decimal(2), "g"), (2, Decimal("3.5"), "g")]
    places = RecipeStepStation.objects.filter(step__version=2).values_list("step__name", "station_id")
    assert sorted(places) == [("Grill", pk) for pk in sorted(both)]


def preferred(recipe: Recipe) -> list[str]:
    """The stations of the version in force, the preferred one first."""
    recipe.refresh_from_db()
    places = RecipeStepStation.objects.filter(step__recipe=recipe, step__version=recipe.version)
    return list(places.order_by("step__position", "position").values_list("station__name", flat=True))


def test_nothing_changes_when_a_recipe_is_saved_as_it_is(place: Place, manager: Client) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    stations = [StationFactory(restaurant=place.restaurant, name=name) for name in ("Wok", "Oven", "Bar")]
    steps = [AskedStep("Season", 1), AskedStep("Fry", 8, station_ids=tuple(station.pk for station in stations))]
    recipe = written(place.dish, [(salt, "2", "g")], steps)

    said = send(manager, page_of(recipe), form_of(manager, page_of(recipe)))

    assert said == ['The recipe “<a href="' + page_of(recipe) + '">Burger v1</a>” was changed successfully.']
    assert versions() == [(1, "Season"), (1, "Fry")]
    assert preferred(recipe) == ["Wok", "Oven", "Bar"]


def test_another_station_is_preferred_when_the_order_of_a_steps_stations_is_changed(
    place: Place, manager: Client
) -> None:
    wok, oven, bar = (StationFactory(restaurant=place.restaurant, name=name) for name in ("Wok", "Oven", "Bar"))
    recipe = written(place.dish, steps=[AskedStep("Fry", 8, station_ids=(wok.pk, oven.pk))])
    sent = form_of(manager, page_of(recipe))

    said = send(manager, page_of(recipe), sent | {"steps-0-stations": [bar.pk, "", wok.pk]})

    assert said == ['The recipe “<a href="' + page_of(recipe) + '">Burger v2</a>” was changed successfully.']
    assert preferred(recipe) == ["Bar", "Wok"]


def test_choices_stand_in_their_order_when_a_recipe_is_shown(place: Place, manager: Client) -> None:
    wok, oven = (StationFactory(restaurant=place.restaurant, name=name) for name in ("Wok", "Oven"))
    recipe = written(place.dish, steps=[AskedStep("Fry", 8, station_ids=(wok.pk, oven.pk))])

    shown = manager.get(page_of(recipe)).text

    chosen = re.findall(r'<select name="steps-0-stations".*?</select>', shown, re.DOTALL)
    assert [re.findall(r"selected>([^<]+)<", choice) for choice in chosen] == [["Wok"], ["Oven"], ["No other"]]
    assert [re.findall(r'aria-label="([^"]+)"', choice) for choice in chosen] == [
        ["Preferred station"], ["Also at, choice 2"], ["Also at, choice 3"],
    ]  # fmt: skip


def test_recipe_is_written_when_it_is_added(place: Place, manager: Client) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    sent = form_of(manager, "/admin/kitchen/recipe/add/") | {
        "menu_item": place.dish.pk,
        "steps-TOTAL_FORMS": 2,
        "steps-0-name": "Grill",
        "steps-0-minutes": 8,
        "steps-0-stations": [place.station.pk],
        "steps-1-position": 1,
        "steps-1-name": "Season",
        "steps-1-minutes": 1,
        "ingredients-TOTAL_FORMS": 1,
        "ingredients-0-ingredient": salt.pk,
        "ingredients-0-quantity": "2",
        "ingredients-0-unit": "g",
    }

    said = send(manager, "/admin/kitchen/recipe/add/", sent)

    assert len(said) == 1
    assert "was added successfully" in said[0]
    assert versions() == [(1, "Season"), (1, "Grill")]
    assert RecipeIngredient.objects.get().ingredient == salt
    assert RecipeStepStation.objects.get().step.name == "Grill"


def test_next_version_is_made_when_a_recipe_is_added_that_was_taken_away(place: Place, manager: Client) -> None:
    recipe = written(place.dish)
    manager.post(f"/admin/kitchen/recipe/{recipe.pk}/delete/", {"post": "yes"})
    assert Recipe.objects.get().is_active is False
    sent = form_of(manager, "/admin/kitchen/recipe/add/") | {"menu_item": place.dish.pk}

    send(manager, "/admin/kitchen/recipe/add/", sent)
    again = send(manager, "/admin/kitchen/recipe/add/", sent)

    assert (Recipe.objects.get().version, Recipe.objects.get().is_active) == (2, True)
    assert again == ["Burger has a recipe: change that one."]


def test_nothing_is_saved_when_somebody_else_wrote_a_version(place: Place, manager: Client) -> None:
    recipe = written(place.dish, steps=[AskedStep("Grill", 8)])
    sent = form_of(manager, page_of(recipe))
    update_recipe(recipe_id=recipe.pk, actor=place.actor, steps=[AskedStep("Bake", 9)])

    said = send(manager, page_of(recipe), sent)

    assert said == ["Somebody else has changed this recipe meanwhile. Look again, and try again."]
    assert versions() == [(1, "Grill"), (2, "Bake")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps-0-DELETE": "on"}, "A dish is made in one step at least."),
        ({"steps-0-minutes": "1441"}, "Ensure this value is less than or equal to 1440."),
        ({"steps-0-name": ""}, "This field is required."),
        ({"steps-0-stations": ["0"]}, "Select a valid choice. 0 is not one of the available choices."),
        ({"steps-0-stations": ["pan"]}, "“pan” is not a valid value."),
        ({"ingredients-0-quantity": "0"}, "Ensure this value is greater than or equal to 0.001."),
        ({"ingredients-0-quantity": "0.0001"}, "Ensure that there are no more than 3 decimal places."),
        ({"ingredients-0-quantity": "100001"}, "That is more than 100000 g in one portion."),
        ({"ingredients-0-unit": "ml"}, "Salt is counted in g."),
        ({"ingredients-0-unit": "cup"}, "Select a valid choice. cup is not one of the available choices."),
    ],
)
def test_recipe_is_refused_in_words_when_it_makes_no_sense(
    place: Place, manager: Client, changes: dict[str, Any], said: str
) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    recipe = written(place.dish, [(salt, "2", "g")], [AskedStep("Grill", 8)])

    told = send(manager, page_of(recipe), form_of(manager, page_of(recipe)) | changes)

    assert told == [said]
    assert versions() == [(1, "Grill")]


def test_recipe_is_refused_in_words_when_a_step_names_a_station_twice(place: Place, manager: Client) -> None:
    recipe = written(place.dish, steps=[AskedStep("Grill", 8)])
    twice = {"steps-0-stations": [place.station.pk, place.station.pk]}

    told = send(manager, page_of(recipe), form_of(manager, page_of(recipe)) | twice)

    assert told == [f"{place.station.name} is named twice."]
    assert versions() == [(1, "Grill")]


def test_recipe_is_refused_when_it_names_what_is_anothers(place: Place, other_place: Place, manager: Client) -> None:
    theirs = stocked(other_place.restaurant.pk, "Salt")
    recipe = written(place.dish, steps=[AskedStep("Grill", 8)])
    sent = form_of(manager, page_of(recipe))
    use = {"ingredients-TOTAL_FORMS": 1, "ingredients-0-quantity": "1", "ingredients-0-unit": "g"}

    at_theirs = send(manager, page_of(recipe), sent | {"steps-0-stations": [other_place.station.pk]})
    of_theirs = send(manager, page_of(recipe), sent | use | {"ingredients-0-ingredient": theirs.pk})
    dish = send(
        manager,
        "/admin/kitchen/recipe/add/",
        form_of(manager, "/admin/kitchen/recipe/add/") | {"menu_item": other_place.dish.pk},
    )

    choice = "Select a valid choice."
    assert at_theirs == [f"{choice} {other_place.station.pk} is not one of the available choices."]
    assert of_theirs == dish == [f"{choice} That choice is not one of the available choices."]
    assert versions() == [(1, "Grill")]
    assert other_place.station.name not in Client.get(manager, page_of(recipe)).text.replace(place.station.name, "")


def test_several_recipes_are_taken_away_at_once(place: Place, manager: Client) -> None:
    soup = MenuItem.objects.create(restaurant=place.restaurant, name="Soup", price="4.00", category=place.dish.category)
    recipes = [written(place.dish), written(soup)]
    chosen = {"action": "delete_selected", "_selected_action": [recipe.pk for recipe in recipes], "post": "yes"}

    manager.post("/admin/kitchen/recipe/", chosen)

    assert list(Recipe.objects.values_list("is_active", flat=True)) == [False, False]
    assert manager.get("/admin/kitchen/recipe/").context["cl"].result_list.count() == 0


@pytest.mark.parametrize("steps", [1, 12])
def test_page_of_a_recipe_costs_the_same_however_many_steps_it_has(
    place: Place, manager: Client, steps: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    recipe = written(place.dish, steps=[AskedStep("Grill", 1, station_ids=(place.station.pk,))] * steps)
    manager.get(page_of(recipe))

    with django_assert_num_queries(10):
        manager.get(page_of(recipe))


def test_ingredient_is_saved_with_what_is_in_it(place: Place, manager: Client) -> None:
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    sent = form_of(manager, "/admin/kitchen/ingredient/add/") | {
        "name": "Butter",
        "unit": "kg",
        "on_hand": "2.5",
        "contained-TOTAL_FORMS": 1,
        "contained-0-allergen": milk.pk,
        "contained-0-is_trace": "on",
    }

    send(manager, "/admin/kitchen/ingredient/add/", sent)

    row = Ingredient.objects.get()
    assert (row.restaurant, row.name, row.unit, row.on_hand) == (place.restaurant, "Butter", "kg", Decimal("2.5"))
    inside = IngredientAllergen.objects.get()
    assert (inside.ingredient, inside.allergen, inside.is_trace) == (row, milk, True)


def test_only_what_was_changed_is_saved_when_some_is_used_meanwhile(place: Place, manager: Client) -> None:
    salt = stocked(place.restaurant.pk, "Salt", "10")
    path = f"/admin/kitchen/ingredient/{salt.pk}/change/"
    sent = form_of(manager, path)
    update_ingredient(row_id=salt.pk, actor=place.actor, on_hand=Decimal(4))

    send(manager, path, sent | {"name": "Sea salt"})

    salt.refresh_from_db()
    assert (salt.name, salt.on_hand) == ("Sea salt", Decimal(4))
    send(manager, path, form_of(manager, path) | {"on_hand": "20"})
    salt.refresh_from_db()
    assert salt.on_hand == Decimal(20)


def test_ingredient_is_refused_in_words(place: Place, manager: Client) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    stocked(place.restaurant.pk, "Oil", unit="ml")
    recipe = written(place.dish, [(salt, "2", "g")])
    delete_recipe(recipe_id=recipe.pk, actor=place.actor)
    path = f"/admin/kitchen/ingredient/{salt.pk}/change/"
    sent = form_of(manager, path)

    of_another_kind = send(manager, path, sent | {"unit": "piece"})
    named_twice = send(manager, path, sent | {"name": "Oil"})
    manager.post(f"/admin/kitchen/ingredient/{salt.pk}/delete/", {"post": "yes"})

    assert of_another_kind == ["Recipes take Salt in g: it can't be counted in piece."]
    assert named_twice == ["Ingredient with this Restaurant and Name already exists."]
    salt.refresh_from_db()
    assert (salt.name, salt.unit) == ("Salt", "g")
