"""The description of the API (api-gateway/api/*.yaml) held against the sources, its linters and running gateways."""
