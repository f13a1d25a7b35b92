"""Everything that is compiled from the targets: rules and their tests, routing, messages, runbooks, dashboards."""
