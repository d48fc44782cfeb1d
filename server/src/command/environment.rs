//! Adapts the environment and the arguments before clap parses them: an empty variable counts as unset, as
//! env files write an unused setting, and spaces may separate list items. Knows no flag by name.

use std::{
    env,
    ffi::{OsStr, OsString},
};

use clap::{Arg, Command, builder::Resettable};

/// Adapts a command to the process environment.
pub(super) fn fitted(command: Command) -> Command {
    fitted_to(command, &|name| env::var_os(name))
}

fn fitted_to(command: Command, variable: &dyn Fn(&OsStr) -> Option<OsString>) -> Command {
    command.mut_args(|arg| fitted_arg(arg, variable)).mut_subcommands(|command| fitted_to(command, variable))
}

fn fitted_arg(arg: Arg, variable: &dyn Fn(&OsStr) -> Option<OsString>) -> Arg {
    let Some(value) = arg.get_env().and_then(variable) else { return arg };
    // clap reports a value that is not UTF-8.
    let Some(value) = value.to_str() else { return arg };
    if value.trim().is_empty() {
        return arg.env(Resettable::Reset);
    }
    if !is_list(&arg) {
        return arg;
    }
    let items: Vec<String> = items(value).map(str::to_owned).collect();
    arg.env(Resettable::Reset).default_values(items)
}

/// Rewrites list arguments so that commas separate their items.
pub(super) fn with_commas(command: &Command, words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let lists: Vec<String> = command
        .get_arguments()
        .filter(|arg| is_list(arg))
        .filter_map(|arg| arg.get_long().map(|name| format!("--{name}")))
        .collect();
    let mut is_value = false;
    let joined = words.map(|word| {
        let was_value = std::mem::take(&mut is_value);
        let Some(text) = word.to_str() else { return word };
        if was_value {
            return items(text).collect::<Vec<_>>().join(",").into();
        }
        is_value = lists.iter().any(|flag| flag == text);
        match text.split_once('=') {
            Some((flag, value)) if lists.iter().any(|list| list == flag) => {
                format!("{flag}={}", items(value).collect::<Vec<_>>().join(",")).into()
            }
            _ => word,
        }
    });
    joined.collect()
}

/// Returns whether a flag takes a list and can be set by the environment.
fn is_list(arg: &Arg) -> bool {
    arg.get_env().is_some() && arg.get_value_delimiter().is_some()
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use clap::{Arg, ArgAction, Command};

    use super::{fitted_to, with_commas};

    fn command() -> Command {
        let list = Arg::new("proxy")
            .long("proxy")
            .env("TEA_TEST_PROXY")
            .value_delimiter(',')
            .action(ArgAction::Append);
        let one = Arg::new("leaves").long("leaves").env("TEA_TEST_LEAVES").default_value("green");
        Command::new("tea").args([list, one])
    }

    /// Parses the flags with every variable set to `variable`.
    fn read(variable: &str, words: &[&str]) -> (Vec<String>, String) {
        let words = with_commas(&command(), ["tea"].iter().chain(words).map(OsString::from));
        let held = |_: &OsStr| Some(OsString::from(variable));
        let matches = fitted_to(command(), &held).try_get_matches_from(words).unwrap();
        let list = matches.get_many::<String>("proxy").into_iter().flatten().cloned().collect();
        (list, matches.get_one::<String>("leaves").unwrap().clone())
    }

    #[test]
    fn an_empty_variable_is_as_if_it_were_unset() {
        for empty in ["", " ", "\t\n"] {
            assert_eq!(read(empty, &[]), (vec![], "green".to_owned()));
        }
        assert_eq!(read(",", &["--leaves", "black"]), (vec![], "black".to_owned()));
    }

    #[test]
    fn the_items_of_a_list_are_separated_by_commas_or_spaces() {
        for list in ["a,b", "a b", " a,  b ", "a,b,", "a\nb\n"] {
            assert_eq!(read(list, &[]).0, ["a", "b"], "{list:?}");
            assert_eq!(read("", &["--proxy", list]).0, ["a", "b"], "{list:?}");
            assert_eq!(read("", &[&format!("--proxy={list}")]).0, ["a", "b"], "{list:?}");
        }
        assert_eq!(read("c", &["--proxy=a", "--proxy", "b b"]).0, ["a", "b", "b"], "a flag counts more");
        assert_eq!(read("", &["--leaves", "a b"]).1, "a b", "it is no list");
    }
}
