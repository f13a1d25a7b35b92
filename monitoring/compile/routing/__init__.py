"""Which alert goes where and what the message says: Alertmanager's configuration and templates."""
