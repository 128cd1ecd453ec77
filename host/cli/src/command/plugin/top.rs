//! `octi plugin top`: how plugins are doing.

use std::io::IsTerminal;

use clap::Args;
use octi_tui::TuiError;
use octi_tui::top::{self, COLUMNS};

use crate::command::Context;
use crate::connection::Connection;
use crate::failure::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the numbers of the last hour once, and end; so it does where there is no terminal
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(context: &Context, connection: &Connection, options: &Options) -> Outcome {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if is_terminal && !options.once && !context.printer.is_json() {
        return top::run(&connection.client).await.map_err(|error| match error {
            TuiError::NoTerminal => Failure::user("there is no terminal").hint("`octi plugin top --once` needs none"),
            error => Failure::us(error.to_string()),
        });
    }
    let health = connection.client.plugins_health().await?;
    context.printer.data(&health, |printer| {
        let rows = top::rows(None, &health);
        // How many calls there are in a second is known only after a second.
        let without_rate =
            |cells: Vec<String>| cells.into_iter().enumerate().filter(|(place, _)| *place != 2).map(|(_, cell)| cell);
        let header: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != "calls/s").collect();
        let cells: Vec<Vec<String>> = rows.iter().map(|row| without_rate(Vec::from(row.cells())).collect()).collect();
        printer.table(&header, &cells);
        for trouble in rows.iter().filter_map(|row| row.trouble.as_deref()) {
            printer.warning(trouble);
        }
    });
    Ok(())
}
