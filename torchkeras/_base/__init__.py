"""Configuration, argument checks, names and scopes: what every other room stands on."""
