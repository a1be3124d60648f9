"""All tables at once, for a database that has none yet; one that is older goes the way of the others."""

import datetime
import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import orders.guest_addresses
import orders.guest_terms
import orders.models.accounts
import orders.models.qr_codes
import orders.models.tables
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


from orders.migrations._renewing import FORGET, FORGET_DEVICES, RENEW, RENEW_BY_DEVICES


class Migration(migrations.Migration):

    replaces = [('orders', '0001_initial'), ('orders', '0002_failed_sign_ins'), ('orders', '0003_revisions'), ('orders', '0004_any_size'), ('orders', '0005_facets'), ('orders', '0006_complete_orders'), ('orders', '0007_payment_lists'), ('orders', '0008_device_revisions'), ('orders', '0009_erased_customers'), ('orders', '0010_business_days'), ('orders', '0011_portions_and_discounts'), ('orders', '0012_plain_addresses'), ('orders', '0013_labels')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('kitchen', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('name', models.CharField(blank=True, help_text='As colleagues see it.', max_length=150)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Restaurant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('slug', models.SlugField(unique=True)),
                ('currency', models.CharField(help_text='ISO 4217.', max_length=3, validators=[orders.models.accounts.check_currency])),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[orders.models.accounts.check_timezone])),
                ('day_starts_at', models.TimeField(default=datetime.time(4, 0), help_text='When the business day begins, local time.')),
                ('order_prefix', models.CharField(default='T1', max_length=8, validators=[django.core.validators.RegexValidator('^[A-Z0-9]+$')])),
                ('tax_rate', models.DecimalField(decimal_places=4, default=Decimal('0'), max_digits=6, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('1'))])),
                ('prices_include_tax', models.BooleanField(default=False)),
                ('service_rate', models.DecimalField(decimal_places=4, default=Decimal('0'), max_digits=6, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('1'))])),
                ('warn_after_minutes', models.PositiveSmallIntegerField(default=8)),
                ('late_after_minutes', models.PositiveSmallIntegerField(default=15)),
                ('channel_minutes', models.JSONField(blank=True, default=dict, help_text='Other ticket colours for a channel: {"delivery": {"warn": 12, "late": 25}}.')),
                ('auto_confirm', models.BooleanField(default=False, help_text='Orders reach the kitchen without staff confirming.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='orders.restaurant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('waiter', 'Waiter'), ('kitchen', 'Kitchen'), ('cashier', 'Cashier')], max_length=10)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ('restaurant_id', 'user_id'),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'user'), name='membership_once')],
            },
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='customers', to='orders.restaurant')),
                ('name', models.CharField(blank=True, max_length=100)),
                ('phone', models.CharField(blank=True, max_length=32)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('erased_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('erased_at__isnull', True)), fields=['restaurant', '-id'], name='customer_list'), models.Index(models.F('restaurant'), orders.guest_addresses.PlainPhone('phone'), condition=models.Q(('phone', ''), _negated=True), name='customer_phone'), models.Index(models.F('restaurant'), django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='customer_email'), django.contrib.postgres.indexes.GinIndex(orders.guest_terms.GuestTerms(), name='customer_terms')],
            },
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='categories', to='orders.restaurant')),
                ('name', models.CharField(max_length=100)),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'categories',
                'ordering': ('position', 'name', 'id'),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'name'), name='category_once')],
            },
        ),
        migrations.CreateModel(
            name='FoodType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='food_types', to='orders.restaurant')),
                ('name', models.CharField(max_length=50)),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'name'), name='food_type_once')],
            },
        ),
        migrations.CreateModel(
            name='Allergen',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allergens', to='orders.restaurant')),
                ('name', models.CharField(max_length=50)),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'name'), name='allergen_once')],
            },
        ),
        migrations.CreateModel(
            name='ModifierGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='modifier_groups', to='orders.restaurant')),
                ('name', models.CharField(max_length=100)),
                ('min', models.PositiveSmallIntegerField(default=0)),
                ('max', models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                'ordering': ('name', 'id'),
                'constraints': [models.CheckConstraint(condition=models.Q(('min__lte', models.F('max'))), name='modifier_group_min_max')],
            },
        ),
        migrations.CreateModel(
            name='Modifier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='modifiers', to='orders.modifiergroup')),
                ('name', models.CharField(max_length=100)),
                ('price', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=10, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('is_available', models.BooleanField(default=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='MenuItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='menu_items', to='orders.restaurant')),
                ('name', models.CharField(max_length=100)),
                ('description', models.TextField(blank=True, max_length=2000)),
                ('price', models.DecimalField(decimal_places=2, max_digits=10, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='menu_items', to='orders.category')),
                ('food_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='menu_items', to='orders.foodtype')),
                ('station', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='menu_items', to='kitchen.station')),
                ('prep_minutes', models.PositiveSmallIntegerField(default=10)),
                ('tax_rate', models.DecimalField(blank=True, decimal_places=4, help_text="Empty: the restaurant's.", max_digits=6, null=True)),
                ('image', models.CharField(blank=True, editable=False, max_length=200)),
                ('external_id', models.CharField(blank=True, max_length=100)),
                ('is_available', models.BooleanField(default=True)),
                ('stock', models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ('category__position', 'name', 'id'),
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('restaurant', 'external_id'), name='menu_item_external_id')],
            },
        ),
        migrations.CreateModel(
            name='MenuItemAllergen',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('menu_item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contained', to='orders.menuitem')),
                ('allergen', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='orders.allergen')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('menu_item', 'allergen'), name='menu_item_allergen_once')],
            },
        ),
        migrations.CreateModel(
            name='MenuItemModifierGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('menu_item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='choices', to='orders.menuitem')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='orders.modifiergroup')),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'ordering': ('position', 'id'),
                'constraints': [models.UniqueConstraint(fields=('menu_item', 'group'), name='menu_item_group_once')],
            },
        ),
        migrations.CreateModel(
            name='Table',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tables', to='orders.restaurant')),
                ('name', models.CharField(max_length=20)),
                ('seats', models.PositiveSmallIntegerField(default=4)),
                ('area', models.CharField(blank=True, max_length=50)),
                ('nonce', models.CharField(default=orders.models.tables.new_nonce, editable=False, max_length=16)),
            ],
            options={
                'ordering': ('area', 'name', 'id'),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'name'), name='table_once')],
            },
        ),
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counters', to='orders.restaurant')),
                ('name', models.CharField(max_length=50)),
            ],
            options={
                'ordering': ('name', 'id'),
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'name'), name='counter_once')],
            },
        ),
        migrations.CreateModel(
            name='OrderCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='orders.restaurant')),
                ('business_date', models.DateField()),
                ('last', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'business_date'), name='order_counter_once')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='orders.restaurant')),
                ('order_number', models.CharField(max_length=20)),
                ('business_date', models.DateField()),
                ('external_id', models.CharField(blank=True, max_length=100)),
                ('channel', models.CharField(choices=[('dine_in', 'Dine-in'), ('takeaway', 'Takeaway'), ('delivery', 'Delivery'), ('online', 'Online')], max_length=10)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('pending', 'Pending'), ('confirmed', 'Confirmed'), ('preparing', 'Preparing'), ('ready', 'Ready'), ('served', 'Served'), ('delivering', 'Delivering'), ('delivered', 'Delivered'), ('completed', 'Completed'), ('cancelled', 'Cancelled')], default='pending', max_length=10)),
                ('priority', models.CharField(choices=[('normal', 'Normal'), ('express', 'Express'), ('vip', 'VIP')], default='normal', max_length=10)),
                ('table', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='orders.table')),
                ('table_name', models.CharField(blank=True, max_length=20)),
                ('customer', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='orders.customer')),
                ('customer_name', models.CharField(blank=True, max_length=100)),
                ('waiter', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL)),
                ('waiter_name', models.CharField(blank=True, max_length=150)),
                ('notes', models.CharField(blank=True, max_length=1000)),
                ('allergies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None)),
                ('currency', models.CharField(max_length=3)),
                ('service_rate', models.DecimalField(decimal_places=4, default=Decimal('0'), max_digits=6)),
                ('prices_include_tax', models.BooleanField(default=False)),
                ('total_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('discount_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('service_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('tax_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('final_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('discount_granted', models.DecimalField(db_default=Decimal('0.00'), decimal_places=2, default=Decimal('0.00'), editable=False, max_digits=10)),
                ('paid_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('refunded_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('payment_status', models.CharField(choices=[('unpaid', 'Unpaid'), ('partial', 'Partial'), ('paid', 'Paid'), ('partially_refunded', 'Partially Refunded'), ('refunded', 'Refunded')], default='unpaid', max_length=20)),
                ('cancel_reason', models.CharField(blank=True, max_length=500)),
                ('unpaid_reason', models.CharField(blank=True, max_length=500)),
                ('pending_cancellation', models.JSONField(blank=True, null=True)),
                ('estimated_ready_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('ready_at', models.DateTimeField(blank=True, null=True)),
                ('served_at', models.DateTimeField(blank=True, null=True)),
                ('completed_at', models.DateTimeField(blank=True, null=True)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['restaurant', '-id'], name='order_list'), models.Index(condition=models.Q(('status__in', ('draft', 'pending', 'confirmed', 'preparing', 'ready', 'served', 'delivering', 'delivered'))), fields=['restaurant', '-id'], name='order_open'), models.Index(fields=['restaurant', 'status', 'payment_status', 'priority', 'channel', '-id'], name='order_by_facets'), models.Index(fields=['restaurant', 'updated_at', 'id'], name='order_updated'), models.Index(fields=['restaurant', 'created_at', 'id'], name='order_created'), models.Index(fields=['restaurant', 'business_date'], name='order_of_day'), models.Index(condition=models.Q(('table__isnull', False)), fields=['table', '-id'], name='order_of_table'), models.Index(condition=models.Q(('customer__isnull', False)), fields=['customer', '-id'], name='order_of_customer'), models.Index(condition=models.Q(('waiter__isnull', False)), fields=['waiter', '-id'], name='order_of_waiter')],
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'order_number', 'business_date'), include=('id',), name='order_number_once', opclasses=('int8_ops', 'varchar_pattern_ops', 'date_ops')), models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('restaurant', 'external_id'), name='order_external_id')],
            },
        ),
        migrations.CreateModel(
            name='OrderItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='orders.order')),
                ('menu_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='order_items', to='orders.menuitem')),
                ('name', models.CharField(max_length=100)),
                ('category_name', models.CharField(max_length=100)),
                ('allergens', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None)),
                ('quantity', models.PositiveSmallIntegerField()),
                ('unit_price', models.DecimalField(decimal_places=2, max_digits=10)),
                ('tax_rate', models.DecimalField(decimal_places=4, max_digits=6)),
                ('line_total', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('special_instructions', models.CharField(blank=True, max_length=500)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('preparing', 'Preparing'), ('ready', 'Ready'), ('served', 'Served'), ('cancelled', 'Cancelled')], default='pending', max_length=10)),
                ('void_reason', models.CharField(blank=True, max_length=500)),
                ('course', models.PositiveSmallIntegerField(default=1)),
                ('portions_taken', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                'ordering': ('id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 99)), name='order_item_quantity')],
            },
        ),
        migrations.CreateModel(
            name='OrderItemModifier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='modifiers', to='orders.orderitem')),
                ('modifier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='orders.modifier')),
                ('name', models.CharField(max_length=100)),
                ('price', models.DecimalField(decimal_places=2, max_digits=10)),
            ],
            options={
                'ordering': ('id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('item', 'modifier'), name='order_item_modifier_once')],
            },
        ),
        migrations.CreateModel(
            name='CancellationRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cancellation_requests', to='orders.restaurant')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cancellation_requests', to='orders.order')),
                ('reason', models.CharField(max_length=500)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=10)),
                ('requested_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('requested_by_name', models.CharField(blank=True, max_length=150)),
                ('decided_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by_name', models.CharField(blank=True, max_length=150)),
                ('decision_reason', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['restaurant', 'status', '-id'], name='cancellation_list')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'pending')), fields=('order',), name='cancellation_pending_once')],
            },
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='orders.restaurant')),
                ('name', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('kitchen', 'Kitchen'), ('display', 'Display'), ('counter', 'Counter'), ('waiter', 'Waiter'), ('integration', 'Integration')], max_length=12)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                ('counter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='orders.counter')),
                ('key_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('key_hint', models.CharField(editable=False, help_text='How the key begins.', max_length=12)),
                ('created_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='HistoryEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='history', to='orders.restaurant')),
                ('order_id', models.BigIntegerField()),
                ('order_number', models.CharField(max_length=20)),
                ('at', models.DateTimeField()),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor_name', models.CharField(blank=True, max_length=150)),
                ('source', models.CharField(max_length=10)),
                ('event', models.CharField(max_length=40)),
                ('changes', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name_plural': 'history',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['restaurant', 'order_id', 'id'], name='history_of_order')],
            },
        ),
        migrations.CreateModel(
            name='StoredAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('body', models.BinaryField()),
                ('headers', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='stored_answer_once')],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='orders.restaurant')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='orders.order')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10)),
                ('method', models.CharField(choices=[('cash', 'Cash'), ('card', 'Card'), ('qris', 'QRIS'), ('transfer', 'Transfer')], max_length=10)),
                ('tendered', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True)),
                ('change', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('counter', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='orders.counter')),
                ('transaction_reference', models.CharField(max_length=100)),
                ('status', models.CharField(choices=[('success', 'Success'), ('failed', 'Failed')], default='success', max_length=10)),
                ('refunded_amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10)),
                ('taken_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_by_name', models.CharField(blank=True, max_length=150)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['restaurant', '-id'], name='payment_list'), models.Index(fields=['restaurant', 'method', 'status', '-id'], name='payment_by_kind'), models.Index(fields=['restaurant', 'created_at', 'id'], name='payment_created'), models.Index(condition=models.Q(('counter__isnull', False)), fields=['counter', 'method', 'status', '-id'], name='payment_of_counter')],
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'transaction_reference'), name='payment_reference'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payment_amount'), models.CheckConstraint(condition=models.Q(('refunded_amount__gte', 0), ('refunded_amount__lte', models.F('amount'))), name='payment_refunded')],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='orders.restaurant')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='orders.payment')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='orders.order')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10)),
                ('reason', models.CharField(max_length=500)),
                ('transaction_reference', models.CharField(max_length=120)),
                ('given_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('given_by_name', models.CharField(blank=True, max_length=150)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'transaction_reference'), name='refund_reference'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_amount')],
            },
        ),
        migrations.CreateModel(
            name='QRCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='qr_codes', to='orders.restaurant')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='qr_code', to='orders.order')),
                ('token', models.CharField(default=orders.models.qr_codes.new_qr_token, editable=False, max_length=64, unique=True)),
                ('status', models.CharField(choices=[('active', 'Active'), ('scanned', 'Scanned'), ('expired', 'Expired')], default='active', max_length=10)),
                ('scan_count', models.PositiveIntegerField(default=0)),
                ('expires_at', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'QR code',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('restaurant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='revision', serialize=False, to='orders.restaurant')),
                ('value', models.UUIDField(default=uuid.uuid4)),
            ],
        ),
        migrations.CreateModel(
            name='FailedSignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(max_length=150)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'at'], name='failed_sign_in_account'), models.Index(fields=['address', 'at'], name='failed_sign_in_address')],
            },
        ),
        migrations.AddField(
            model_name='menuitem',
            name='allergens',
            field=models.ManyToManyField(related_name='menu_items', through='orders.MenuItemAllergen', to='orders.allergen'),
        ),
        migrations.AddField(
            model_name='menuitem',
            name='modifier_groups',
            field=models.ManyToManyField(related_name='menu_items', through='orders.MenuItemModifierGroup', to='orders.modifiergroup'),
        ),
        migrations.RunSQL(RENEW, FORGET),
        migrations.RunSQL(RENEW_BY_DEVICES, FORGET_DEVICES),
        # The status of a line changes a few times, and is in no index: with room on its page only the row is written.
        migrations.RunSQL(
            "ALTER TABLE orders_orderitem SET (fillfactor = 85)",
            "ALTER TABLE orders_orderitem RESET (fillfactor)",
        ),
        # A fifth of a million orders is a year: lists of what is new need statistics and a visibility map of today.
        migrations.RunSQL(
            "ALTER TABLE orders_order SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)",
            "ALTER TABLE orders_order RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)",
        ),
    ]
