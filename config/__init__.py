"""The house: settings, routes, servers and the local services that Brigade runs on."""
