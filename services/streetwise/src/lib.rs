//! The command line: what an operator, a developer and a demonstration need besides the services.
//!
//! One file per subcommand: [`migrate`], [`provision`], [`refill`], [`doctor`], [`lag`], [`audit`], [`broker_users`], [`dev_identity`],
//! [`apply`], [`assign`], [`report`], [`street`], [`rules`], [`desk`], [`order`], [`case`], [`calendar`], [`route`], [`who_can`], [`key`], [`endpoint`], [`classifier`], [`clock`], [`parked`], [`sink`], [`simulate`], [`demo`]. The
//! arguments are in [`cli`], how a command fails in [`failure`].
//!
//! Everything a command changes, it changes through a door everybody else uses too: migrations as an
//! administrator, streams by their table, manifests and the story over HTTP with a token. What people read is
//! Chinese first.
//!
//! Exit codes: 0 done; 1 the world failed (unreachable, unreadable, full); 2 wrong usage, or changes where `street plan
//! --exit-code` was to say so; 3 a service refused, and said why; 4 a demonstration ended without having seen every step,
//! a street does not conform to its documents, `doctor` found something that is promised and does not hold, or `audit`
//! found a record that is not as it was sealed, `rules check` something to look at, `classifier retrain` too little to learn
//! from, `report send` open cases near by, or `route explain` another decision.

pub mod apply;
pub mod assign;
pub mod audit;
mod broker;
pub mod broker_users;
pub mod calendar;
pub mod case;
pub mod classifier;
pub mod cli;
pub mod client;
pub mod clock;
pub mod demo;
pub mod desk;
pub mod dev_identity;
pub mod doctor;
pub mod endpoint;
pub mod failure;
mod key;
pub mod lag;
mod lasting;
pub mod migrate;
pub mod order;
pub mod parked;
pub mod provision;
pub mod refill;
pub mod report;
pub mod route;
pub mod rules;
pub mod simulate;
pub mod sink;
pub mod street;
pub mod table;
mod token;
mod wall_clock;
pub mod who_can;
mod whole_file;

use std::process::ExitCode;

use crate::cli::{Arguments, Audit, Calendar, Clock, Command, Demo, Key, Simulate};
use crate::failure::Failure;

/// Runs one command and says on stderr why it failed.
pub fn run(arguments: Arguments) -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(perform(arguments.command)),
        Err(error) => Err(Failure::world("启动运行时 / starting the runtime", "", error)),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

async fn perform(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Street(command) => return street::run(&command).await,
        Command::Rules(command) => return rules::run(&command).await,
        Command::Route(command) => return route::run(&command),
        Command::Migrate(arguments) => migrate::run(&arguments).await?,
        Command::Provision(arguments) => provision::run(&arguments).await?,
        Command::Refill(arguments) => refill::run(&arguments).await?,
        Command::Doctor(arguments) => doctor::run(&arguments).await?,
        Command::Lag(arguments) => lag::run(&arguments).await?,
        Command::Audit(Audit::Verify(arguments)) => audit::verify(&arguments).await?,
        Command::Audit(Audit::Checkpoint(arguments)) => audit::checkpoint(&arguments).await?,
        Command::Audit(Audit::Export(arguments)) => audit::export(&arguments).await?,
        Command::BrokerUsers(arguments) => broker_users::run(&arguments)?,
        Command::DevIdentity(arguments) => dev_identity::run(&arguments)?,
        Command::Apply(arguments) => apply::run(&arguments).await?,
        Command::Report(command) => report::run(&command).await?,
        Command::Assign(arguments) => assign::run(&arguments).await?,
        Command::Desk(command) => desk::run(&command).await?,
        Command::Order(command) => order::run(&command).await?,
        Command::Case(command) => case::run(&command).await?,
        Command::Calendar(Calendar::Replan(arguments)) => calendar::run(&arguments).await?,
        Command::WhoCan(arguments) => who_can::run(&arguments).await?,
        Command::Key(Key::New(arguments)) => key::new(&arguments),
        Command::Endpoint(command) => endpoint::run(&command).await?,
        Command::Classifier(command) => classifier::run(&command).await?,
        Command::Clock(Clock::Accept(arguments)) => clock::accept(&arguments).await?,
        Command::Parked(command) => parked::run(&command).await?,
        Command::Sink(arguments) => sink::run(&arguments).await?,
        Command::Simulate(Simulate::District(arguments)) => simulate::run(&arguments)?,
        Command::Demo(Demo::Bus306(arguments)) => demo::run(&arguments).await?,
        Command::Demo(Demo::Storm(arguments)) => demo::storm::run(&arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}
