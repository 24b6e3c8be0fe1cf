-- +goose Up

-- What a service needs that runs for years.

PRAGMA user_version = 3;
