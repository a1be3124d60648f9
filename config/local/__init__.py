"""The services of a restaurant without a computing centre: PostgreSQL and Valkey as children of `manage.py up`."""
