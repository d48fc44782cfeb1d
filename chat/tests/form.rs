//! The ids of messages sent through a form.

use chat::id::{ClientId, FORM_NONCE_LIMIT, IdError};

#[test]
fn the_same_words_in_the_same_form_have_one_id_and_all_others_another() {
    let id = |nonce: &str, text: &str| ClientId::of_form(nonce, text).unwrap();
    assert_eq!(id("n1", "tea"), id("n1", "tea"));
    assert_ne!(id("n1", "tea"), id("n1", "Tea"));
    assert_ne!(id("n1", "tea"), id("n2", "tea"));
    assert_ne!(id("n1", ""), id("n1", "\0"));
}

#[test]
fn the_longest_nonce_gives_an_id_that_the_wire_takes() {
    let id = ClientId::of_form(&"n".repeat(FORM_NONCE_LIMIT), "茶").unwrap();
    assert_eq!(ClientId::parse(id.as_str()), Ok(id));
}

#[test]
fn what_cannot_be_part_of_an_id_is_no_nonce() {
    let got = FORM_NONCE_LIMIT + 1;
    let too_long = Err(IdError::TooLong { limit: FORM_NONCE_LIMIT, got });
    assert_eq!(ClientId::of_form(&"n".repeat(got), "tea"), too_long);
    assert_eq!(ClientId::of_form("", "tea"), Err(IdError::Empty));
    assert_eq!(ClientId::of_form("a b", "tea"), Err(IdError::Unfit));
}
