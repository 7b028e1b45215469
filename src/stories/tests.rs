use super::model::Status;

#[test]
fn the_table_of_moves_is_the_one_that_is_told() {
    let moves: Vec<String> = Status::ALL
        .iter()
        .flat_map(|to| {
            to.comes_from()
                .iter()
                .map(move |from| format!("{from}>{to}"))
        })
        .collect();
    assert_eq!(
        moves,
        [
            "in_review>draft",
            "withdrawn>draft",
            "archived>draft",
            "draft>in_review",
            "in_review>published",
            "withdrawn>published",
            "published>withdrawn",
            "draft>archived",
            "withdrawn>archived",
        ]
    );
    // The pictures' own query, a storey below, knows the word.
    assert_eq!(Status::Published.as_str(), "published");
}
