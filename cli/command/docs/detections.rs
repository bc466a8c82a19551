//! The page of detections: by group, by technique, by control, and each in full.

use std::fmt::Write as _;

use analyze::catalogue::{controls, group, groups, techniques};
use analyze::{Detection, Header};

use super::{NOTE, markdown};

pub(super) fn page(detections: &[Detection]) -> String {
    let mut page = format!(
        "{NOTE}\n# Detections\n\nBelow, each detection stands in its group; at the end they are listed [by ATT&CK \
         technique](#by-attck-technique) and [by control](#by-control). Parameters, severities and more can be changed: \
         [Configuring](configure.md).\n"
    );
    let groups = grouped(detections);
    for (name, headers) in &groups {
        let _ = writeln!(
            page,
            "\n**{}**\n\n| id | severity | kind | title |\n| --- | --- | --- | --- |",
            markdown(name)
        );
        for header in headers {
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} |",
                link(header),
                header.severity,
                header.kind.name(),
                markdown(&header.title)
            );
        }
    }
    for (name, headers) in &groups {
        let _ = writeln!(page, "\n## {}", markdown(name));
        for header in headers {
            describe(&mut page, header);
        }
    }
    by_technique(&mut page, detections);
    by_control(&mut page, detections);
    page
}

/// Headers by group, in the catalogue's order; empty groups are left out.
fn grouped(detections: &[Detection]) -> Vec<(&'static str, Vec<&Header>)> {
    let in_group = |name: Option<&str>| -> Vec<&Header> {
        let headers = detections.iter().map(|detection| &detection.header);
        headers.filter(|header| group(&header.id) == name).collect()
    };
    let named = groups().into_iter().map(|name| (name, in_group(Some(name))));
    let mut all: Vec<_> = named.chain([("Others", in_group(None))]).collect();
    all.retain(|(_, headers)| !headers.is_empty());
    all
}

fn describe(page: &mut String, header: &Header) {
    let _ = writeln!(
        page,
        "\n### {}\n\n**{}** ({}, {}, confidence {})\n",
        header.id,
        markdown(&header.title),
        header.severity,
        header.kind.name(),
        header.confidence
    );
    for (name, text) in [
        ("Why it matters", &header.why),
        ("May be", &header.benign),
        ("Look first at", &header.respond),
    ] {
        let _ = writeln!(page, "- {name}: {}", markdown(text));
    }
    for (name, items) in
        [("ATT&CK", &header.attack), ("Controls", &header.controls), ("See", &header.see)]
    {
        if !items.is_empty() {
            let _ = writeln!(page, "- {name}: {}", items.join(", "));
        }
    }
    if let Some(history) = &header.history {
        let _ = writeln!(page, "- History that it needs: `{history}`");
    }
    for (name, value) in &header.parameters {
        let _ = writeln!(page, "- Parameter `{name}` = `{}`", value.display());
    }
}

fn by_technique(page: &mut String, detections: &[Detection]) {
    page.push_str("\n## By ATT&CK technique\n\nDetections of hygiene have none.\n");
    page.push_str("\n| technique | name | ATT&CK | detections |\n| --- | --- | --- | --- |\n");
    for technique in techniques() {
        let links = links(detections, |header| {
            header.attack_version.as_deref() == Some(technique.version)
                && header.attack.iter().any(|id| id == technique.id)
        });
        let _ = writeln!(
            page,
            "| {} | {} | {} | {links} |",
            technique.id,
            markdown(technique.name),
            technique.version
        );
    }
}

fn by_control(page: &mut String, detections: &[Detection]) {
    page.push_str(
        "\n## By control\n\nA finding is evidence for these controls, never proof that one is met. *Verified* says \
         whether number and subject were compared with the framework's own text.\n",
    );
    let mut framework = "";
    for control in controls() {
        let links = links(detections, |header| header.controls.iter().any(|id| id == control.id));
        if links == NONE {
            continue;
        }
        if control.framework() != framework {
            framework = control.framework();
            let _ = writeln!(
                page,
                "\n### {framework}\n\n| control | subject | verified | detections |\n| --- | --- | --- | --- |"
            );
        }
        let number = control.id.split_once(':').map_or(control.id, |(_, number)| number);
        let verified = if control.verified { "yes" } else { "no" };
        let _ =
            writeln!(page, "| {number} | {} | {verified} | {links} |", markdown(&control.subject));
    }
}

/// What a cell says that has no detections.
const NONE: &str = "none yet";

/// Links to the detections that are meant.
fn links(detections: &[Detection], meant: impl Fn(&Header) -> bool) -> String {
    let links: Vec<String> = detections
        .iter()
        .map(|detection| &detection.header)
        .filter(|header| meant(header))
        .map(link)
        .collect();
    if links.is_empty() { NONE.to_owned() } else { links.join(", ") }
}

fn link(header: &Header) -> String {
    format!("[{0}](#{0})", header.id)
}
