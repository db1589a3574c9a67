//! Who asks, and for whom the answer is printed: what every command takes that speaks to a door. Whose token it has to be is the
//! command's to say: `mut_arg` on `token`.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::token;

/// Who asks.
#[derive(Debug, Args)]
pub struct Bearer {
    /// 令牌 / bearer token of somebody who may
    #[arg(long, env = "STREETWISE_TOKEN", hide_env_values = true, required_unless_present = "token_file")]
    pub token: Option<String>,
    /// 令牌文件 / file that holds the token
    #[arg(long, conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
}

/// Who asks, and how it is answered.
#[derive(Debug, Args)]
pub struct Caller {
    /// Who.
    #[command(flatten)]
    pub bearer: Bearer,
    /// 输出 JSON，供程序读取 / print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

impl Bearer {
    /// The token, read from its file where one is given. Fails where that cannot be read.
    pub(crate) fn token(&self) -> Result<String, Failure> {
        token::given(self.token.as_deref(), self.token_file.as_deref())
    }
}

impl Caller {
    /// As [`Bearer::token`].
    pub(crate) fn token(&self) -> Result<String, Failure> {
        self.bearer.token()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory, Parser};

    use crate::cli::{Arguments, Command as Asked};

    /// The last of these words, as a command.
    fn command(words: &str) -> Command {
        let root = Arguments::command();
        let found = words.split(' ').try_fold(&root, |above, word| above.find_subcommand(word));
        found.expect("there is such a command").clone()
    }

    fn help(words: &str, argument: &str) -> String {
        let command = command(words);
        let mut arguments = command.get_arguments();
        let found = arguments.find(|found| found.get_id() == argument).expect("it takes the argument");
        found.get_help().expect("a help text").to_string()
    }

    #[test]
    fn arguments_of_every_command_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn each_command_says_whose_token_it_takes() {
        for (words, whose) in [
            ("apply", "somebody who may apply"),
            ("assign", "a street's or the district's centre"),
            ("calendar replan", "the district's centre"),
            ("classifier examples", "who may decide reviews there"),
            ("classifier publish", "somebody who may"),
            ("clock accept", "somebody who may accept the clock"),
            ("parked list", "somebody who may manage parked messages"),
            ("order show", "a body's user, or of the street's or the district's centre"),
            ("case show", "a body's user, or of the street's or the district's centre"),
            ("report near", "somebody who may report"),
            ("report send", "somebody who may report; with --drill, who may drill"),
            ("street export", "somebody who may"),
            ("street plan", "somebody who may"),
            ("who-can", "a security or audit administrator"),
        ] {
            assert_eq!(help(words, "token"), format!("令牌 / bearer token of {whose}"), "{words}");
            assert_eq!(help(words, "token_file"), "令牌文件 / file that holds the token", "{words}");
        }
    }

    #[test]
    fn a_token_or_its_file_and_not_both() {
        let who_can = |more: &[&str]| {
            let words = ["streetwise", "who-can", "990102001-261123-0001", "--console-url", "http://x"];
            Arguments::try_parse_from(words.iter().chain(more))
        };
        let given = who_can(&["--token-file", "t", "--json"]).unwrap();
        let Asked::WhoCan(given) = given.command else { panic!("another command") };
        assert!(given.caller.json && given.caller.bearer.token.is_none());
        assert!(who_can(&["--token", "a", "--token-file", "t"]).is_err());
    }
}
