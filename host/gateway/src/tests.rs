//! The gateway as clients see it: a real server on a loopback port, a real database, a scripted model.

mod agree;
mod audit;
mod browser;
mod fakes;
mod host;
mod openai;
mod openapi;
mod proxies;
mod rest;
mod rest_admin;
mod rest_files;
mod rest_notifications;
mod rest_once;
mod rest_rate;
mod rest_secrets;
mod rest_settings;
mod socket;
mod socket_budgets;
mod socket_commands;
mod socket_experts;
mod socket_hmac;
mod socket_limits;
mod socket_presence;
mod socket_replay;
mod socket_side;
mod socket_turn;
