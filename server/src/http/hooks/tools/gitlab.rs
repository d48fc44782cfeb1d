//! GitLab's webhooks (<https://docs.gitlab.com/user/project/integrations/webhook_events/>): pushes, tags,
//! issues, merge requests, comments, pipelines, jobs and releases, each summarised in a line or two. Ignores
//! other events.

use serde_json::{Map, Value};

use super::fields::{inner, objects, string};

/// The most commits of a push that are listed.
const TOLD: usize = 5;

/// The most characters of a comment that are quoted.
const COMMENT: usize = 500;

/// Summarises an event; `None` for an unsupported event and for anything else.
pub(super) fn read(event: &Map<String, Value>) -> Option<String> {
    let project = inner(event, "project", "path_with_namespace").or_else(|| string(event, "project_name"));
    let project = project.unwrap_or("a project");
    let who = string(event, "user_name").or_else(|| inner(event, "user", "name")).unwrap_or("somebody");
    let of = |field| inner(event, "object_attributes", field);
    let number = event
        .get("object_attributes")
        .and_then(|about| about.get("iid").or(about.get("id")))
        .and_then(Value::as_u64);
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let with_link = |line: String, link: Option<&str>| match link {
        Some(link) => format!("{line}\n{link}"),
        None => line,
    };
    Some(match string(event, "object_kind")? {
        "push" => push(event, who, project),
        "tag_push" => {
            let tag = string(event, "ref")?.trim_start_matches("refs/tags/");
            let did = if is_gone(event) { "removed" } else { "pushed" };
            format!("{who} {did} tag {tag} of {project}")
        }
        kind @ ("issue" | "work_item" | "merge_request") => {
            let (what, sign) = if kind == "merge_request" { ("merge request", '!') } else { ("issue", '#') };
            let did = done(of("action").or(of("state")).unwrap_or("update"));
            let line = format!(
                "{who} {did} {what} {sign}{number} of {project}: {}",
                of("title").unwrap_or_default()
            );
            with_link(line.trim_end_matches(": ").to_owned(), of("url"))
        }
        "note" => {
            let comment: String = of("note")?.chars().take(COMMENT).collect();
            with_link(format!("{who} commented in {project}: {comment}"), of("url"))
        }
        "pipeline" => {
            let id = event.get("object_attributes")?.get("id").and_then(Value::as_u64).unwrap_or_default();
            let line = format!(
                "Pipeline #{id} of {project} ({}): {}",
                of("ref").unwrap_or("no branch"),
                of("detailed_status").or(of("status"))?
            );
            let page = inner(event, "project", "web_url").map(|url| format!("{url}/-/pipelines/{id}"));
            with_link(line, of("url").or(page.as_deref()))
        }
        "build" => format!(
            "Job {} of {project} ({}): {}",
            string(event, "build_name")?,
            string(event, "ref").unwrap_or("no branch"),
            string(event, "build_status")?
        ),
        "release" => with_link(
            format!(
                "Release {} of {project}: {}d",
                string(event, "name").or(string(event, "tag"))?,
                string(event, "action")?
            ),
            string(event, "url"),
        ),
        _ => return None,
    })
}

fn push(event: &Map<String, Value>, who: &str, project: &str) -> String {
    let branch = string(event, "ref").unwrap_or_default().trim_start_matches("refs/heads/");
    if is_gone(event) {
        return format!("{who} removed branch {branch} of {project}");
    }
    let count = event.get("total_commits_count").and_then(Value::as_u64).unwrap_or_default();
    let commits = if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    let mut lines = vec![format!("{who} pushed {commits} to {branch} of {project}")];
    lines.extend(objects(event.get("commits")).take(TOLD).map(|commit| {
        let id: String = string(commit, "id").unwrap_or_default().chars().take(8).collect();
        let title = string(commit, "title").or(string(commit, "message")).unwrap_or_default();
        format!("{id} {}", title.lines().next().unwrap_or_default())
    }));
    lines.join("\n")
}

/// Returns whether a push deletes its branch or tag.
fn is_gone(event: &Map<String, Value>) -> bool {
    string(event, "after").is_some_and(|after| after.bytes().all(|byte| byte == b'0'))
}

/// Returns the past tense of an action.
fn done(action: &str) -> &str {
    match action {
        "open" | "opened" => "opened",
        "close" | "closed" => "closed",
        "reopen" => "reopened",
        "merge" | "merged" => "merged",
        "approved" | "approval" => "approved",
        "unapproved" | "unapproval" => "took back the approval of",
        _ => "updated",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn said(event: &Value) -> Option<String> {
        super::read(event.as_object().unwrap())
    }

    #[test]
    fn events_are_put_into_words() {
        let project =
            json!({ "path_with_namespace": "ann/tea", "web_url": "https://gitlab.example/ann/tea" });
        let user = json!({ "name": "Ann", "username": "ann" });
        for (event, text) in [
            (
                json!({ "object_kind": "push", "ref": "refs/heads/main", "after": "da15", "user_name": "Ann",
                    "project": project, "total_commits_count": 1,
                    "commits": [{ "id": "da1560886d4f094c", "title": "Brew longer", "message": "Brew longer\n\nReally" }] }),
                "Ann pushed 1 commit to main of ann/tea\nda156088 Brew longer",
            ),
            (
                json!({ "object_kind": "push", "ref": "refs/heads/old", "after": "0000000000", "user_name": "Ann", "project": project }),
                "Ann removed branch old of ann/tea",
            ),
            (
                json!({ "object_kind": "tag_push", "ref": "refs/tags/v1", "after": "82b3", "user_name": "Ann", "project": project }),
                "Ann pushed tag v1 of ann/tea",
            ),
            (
                json!({ "object_kind": "merge_request", "user": user, "project": project, "object_attributes":
                    { "iid": 7, "id": 99, "title": "Kettle", "action": "merge", "url": "https://gitlab.example/mr/7" } }),
                "Ann merged merge request !7 of ann/tea: Kettle\nhttps://gitlab.example/mr/7",
            ),
            (
                json!({ "object_kind": "issue", "user": user, "project": project, "object_attributes":
                    { "iid": 3, "title": "Cold", "action": "open", "url": "https://gitlab.example/3" } }),
                "Ann opened issue #3 of ann/tea: Cold\nhttps://gitlab.example/3",
            ),
            (
                json!({ "object_kind": "note", "user": user, "project": project, "object_attributes": { "note": "Nice." } }),
                "Ann commented in ann/tea: Nice.",
            ),
            (
                json!({ "object_kind": "pipeline", "user": user, "project": project, "object_attributes":
                    { "id": 42, "ref": "main", "status": "failed", "detailed_status": "failed" } }),
                "Pipeline #42 of ann/tea (main): failed\nhttps://gitlab.example/ann/tea/-/pipelines/42",
            ),
            (
                json!({ "object_kind": "build", "build_name": "test", "build_status": "failed", "ref": "main", "project_name": "ann / tea" }),
                "Job test of ann / tea (main): failed",
            ),
            (
                json!({ "object_kind": "release", "name": "1.0", "tag": "v1", "action": "create", "project": project }),
                "Release 1.0 of ann/tea: created",
            ),
        ] {
            assert_eq!(said(&event).as_deref(), Some(text), "{event}");
        }
        for other in
            [json!({ "object_kind": "wiki_page" }), json!({ "kind": "push" }), json!({ "object_kind": 7 })]
        {
            assert_eq!(said(&other), None, "{other}");
        }
    }
}
