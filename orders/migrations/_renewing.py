"""What renews a restaurant's revision: the triggers, in SQL, with what takes them away again."""

RENEW = """
CREATE FUNCTION orders_renew_revision(restaurants bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO orders_revision (restaurant_id, value)
    SELECT restaurant, gen_random_uuid()
    FROM (SELECT DISTINCT unnest(restaurants) AS restaurant ORDER BY 1) AS changed
    WHERE restaurant IS NOT NULL
    ON CONFLICT (restaurant_id) DO UPDATE SET value = excluded.value
$$;
CREATE FUNCTION orders_restaurant_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_renew_revision(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE FUNCTION orders_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_renew_revision(ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.restaurant_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.restaurant_id END
    ]);
    RETURN NULL;
END $$;
CREATE FUNCTION orders_dish_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_renew_revision(ARRAY(
        SELECT restaurant_id FROM orders_menuitem WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.menu_item_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.menu_item_id END
        )
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION orders_modifier_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_renew_revision(ARRAY(
        SELECT restaurant_id FROM orders_modifiergroup WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.group_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.group_id END
        )
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION orders_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orders_renew_revision(ARRAY(SELECT restaurant_id FROM orders_membership WHERE user_id = NEW.id));
    RETURN NULL;
END $$;

CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE ON orders_restaurant
    FOR EACH ROW EXECUTE FUNCTION orders_restaurant_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_membership
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_table
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_category
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_allergen
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_modifiergroup
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_modifier
    FOR EACH ROW EXECUTE FUNCTION orders_modifier_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_menuitemallergen
    FOR EACH ROW EXECUTE FUNCTION orders_dish_part_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR UPDATE OR DELETE ON orders_menuitemmodifiergroup
    FOR EACH ROW EXECUTE FUNCTION orders_dish_part_changed();
CREATE TRIGGER renew_revision AFTER INSERT OR DELETE ON orders_menuitem
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
-- Portions that are counted down are no change of the menu; that they are counted at all is one.
CREATE TRIGGER renew_revision_by_update AFTER UPDATE ON orders_menuitem FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'stock' IS DISTINCT FROM to_jsonb(NEW) - 'stock'
          OR (OLD.stock IS NULL) <> (NEW.stock IS NULL))
    EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision AFTER UPDATE ON orders_user FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'last_login' IS DISTINCT FROM to_jsonb(NEW) - 'last_login')
    EXECUTE FUNCTION orders_user_changed();
"""

_TABLES = (
    "restaurant", "membership", "table", "category", "allergen", "modifiergroup", "modifier", "menuitemallergen",
    "menuitemmodifiergroup", "menuitem", "user",
)  # fmt: skip
_FUNCTIONS = (
    "user_changed()", "modifier_changed()", "dish_part_changed()", "row_changed()", "restaurant_changed()",
    "renew_revision(bigint[])",
)  # fmt: skip
FORGET = (
    "".join(f"DROP TRIGGER renew_revision ON orders_{table};\n" for table in _TABLES)
    + "DROP TRIGGER renew_revision_by_update ON orders_menuitem;\n"
    + "".join(f"DROP FUNCTION orders_{function};\n" for function in _FUNCTIONS)
)

RENEW_BY_DEVICES = """
CREATE TRIGGER renew_revision AFTER INSERT OR DELETE ON orders_device
    FOR EACH ROW EXECUTE FUNCTION orders_row_changed();
CREATE TRIGGER renew_revision_by_update AFTER UPDATE ON orders_device FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'last_used_at' IS DISTINCT FROM to_jsonb(NEW) - 'last_used_at')
    EXECUTE FUNCTION orders_row_changed();
"""
FORGET_DEVICES = """
DROP TRIGGER renew_revision ON orders_device;
DROP TRIGGER renew_revision_by_update ON orders_device;
"""
