//! The gateway as clients see it: a real server on a loopback port, a real database, a scripted model.

mod audit;
mod fakes;
mod host;
mod openai;
mod openapi;
mod rest;
mod rest_admin;
mod rest_secrets;
mod socket;
mod socket_budgets;
mod socket_turn;
