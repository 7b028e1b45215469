#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn shown_as(markdown: &str) -> String {
    html(markdown).into_string()
}

#[test]
fn what_stories_need_is_kept() {
    let story = "# Why\n\nI *walk* **daily**.\nNext  \nline\n\n> said\n\n- a\n- b\n\n1. c\n\n[more](https://example.org/x?a=1&b=2)";
    assert_eq!(
        shown_as(story),
        "<h2>Why</h2>\n<p>I <em>walk</em> <strong>daily</strong>.\nNext<br>\nline</p>\n<blockquote>\n<p>said</p>\n</blockquote>\n\
         <ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol>\n<li>c</li>\n</ol>\n\
         <p><a href=\"https://example.org/x?a=1&amp;b=2\" rel=\"nofollow noopener ugc\">more</a></p>\n"
    );
    assert_eq!(shown_as("###### deep"), "<h4>deep</h4>\n");
    assert_eq!(
        shown_as("মায়া `x` ![photo](https://x.org/a.png)"),
        "<p>মায়া x photo</p>\n"
    );
}

/// Every tag and attribute that comes out is one of those offered, whatever went in.
fn assert_harmless(from: &str) {
    let out = shown_as(from);
    for tag in out.split('<').skip(1) {
        let tag = tag.split_once('>').map(|(tag, _)| tag).unwrap();
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let offered = [
            "p",
            "br",
            "strong",
            "em",
            "h2",
            "h3",
            "h4",
            "ul",
            "ol",
            "li",
            "blockquote",
            "a",
        ];
        assert!(
            offered.contains(&name.trim_start_matches('/')),
            "<{tag}> from {from:?}"
        );
        if name == "a" {
            let href = attributes
                .strip_suffix("rel=\"nofollow noopener ugc\"")
                .unwrap_or_else(|| panic!("{tag} from {from:?}"))
                .trim();
            let safe = href.is_empty()
                || ["href=\"https:", "href=\"http:", "href=\"mailto:"]
                    .iter()
                    .any(|start| href.to_lowercase().starts_with(start))
                    && href.matches('"').count() == 2;
            assert!(safe, "{tag} from {from:?}");
        } else {
            assert_eq!(attributes, "", "{tag} from {from:?}");
        }
    }
}

#[test]
fn attacks_come_out_harmless() {
    let corpus = [
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.example></sCrIpT>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#x09;script:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x]( javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox(1))",
        "[x](//evil.example)",
        "[x](/relative)",
        "[x](file:///etc/passwd)",
        "[x](https://a.example/\"onmouseover=alert(1)//)",
        "[x](<https://a.example/ onclick=alert(1)>)",
        "[x](https://a.example \"t' onclick='alert(1)\")",
        "[x](https://a.example \"t\\\" onclick=\\\"alert(1)\")",
        "![x](javascript:alert(1))",
        "![x](http://169.254.169.254/x)",
        "![x\" onerror=\"alert(1)](x)",
        "<javascript:alert(1)>",
        "<https://a.example/\"><script>alert(1)</script>>",
        "[x]: javascript:alert(1)\n\n[x]",
        "<style>@import '//evil.example'</style>",
        "<p style=\"background:url(javascript:alert(1))\" class=x id=y>x</p>",
        "<form action=//evil.example><input name=card>",
        "<base href=//evil.example>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[><script>alert(1)</script>]]>",
        "<?php echo 1 ?>",
        "`<script>alert(1)</script>`",
        "```\"><script>alert(1)</script>\n<img src=x onerror=alert(1)>\n```",
        "    <script>alert(1)</script>",
        "# <img src=x onerror=alert(1)>",
        "> <script>\n> alert(1)\n> </script>",
        "- <details open ontoggle=alert(1)>",
        "**<b onmouseover=alert(1)>**",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;script&#62;alert(1)",
        "\\<script>alert(1)</script>",
        "<a\u{0}href=javascript:alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<template><script>alert(1)</script></template>",
        "<select><template><style><!--</style><a rel=\"--></style></select><img id=x src onerror=alert(1)>\">",
        "{{constructor.constructor('alert(1)')()}}",
        "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
        "<object data=javascript:alert(1)><embed src=//evil.example>",
        "<link rel=stylesheet href=//evil.example>",
        "<button formaction=javascript:alert(1)>x",
        "<video><source onerror=alert(1)>",
        "<marquee onstart=alert(1)>",
        "<textarea><script>alert(1)</script></textarea>",
        "<title><script>alert(1)</script></title>",
        "<h2 id=location>x</h2>",
    ];
    for attack in corpus {
        assert_harmless(attack);
        assert_harmless(&format!("before\n\n{attack}\n\nafter **{attack}**"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_is_typed_comes_out_harmless(text in "[\\PC\n<>\"'()\\[\\]!`*_#&:;/= -]{0,200}") {
        assert_harmless(&text);
    }

    #[test]
    fn pieces_of_attacks_come_out_harmless(pieces in prop::collection::vec(prop::sample::select(vec![
        "<", ">", "\"", "'", "</", "script", "<img src=x ", "onerror=", "javascript:", "[", "](", ")", "\n\n", "> ", "- ",
        "`", "```\n", "<!--", "-->", "<svg>", "<a href=", "&quot;", "&#x22;", "&lt;", "https://a.example/", "\\", "*", "_", "!",
    ]), 0..40)) {
        assert_harmless(&pieces.concat());
    }
}

#[test]
fn stories_are_bounded_in_size_and_depth() {
    assert!(Story::parse(&"a".repeat(MOST_BYTES)).is_ok());
    assert_eq!(
        Story::parse(&"a".repeat(MOST_BYTES + 1)),
        Err(BadStory::TooLong)
    );
    assert!(Story::parse(&format!("{} a", ">".repeat(60))).is_ok());
    assert_eq!(
        Story::parse(&format!("{} a", ">".repeat(65))),
        Err(BadStory::TooDeep)
    );
    assert_eq!(
        Story::parse(&format!("{}a", "- ".repeat(100))),
        Err(BadStory::TooDeep)
    );
    assert_eq!(
        Story::parse("a\u{202e}b"),
        Err(BadStory::Text(BadText::Control))
    );
    assert_eq!(Story::parse(" \n ").unwrap(), Story::default());
    assert_harmless(&"<script>".repeat(20_000));
}

/// The worst texts known for Markdown parsers and HTML tree builders, at the full 64 KiB, within a second each (S10).
#[test]
fn the_worst_story_is_shown_within_a_second() {
    let pieces = [
        "> ",
        ">",
        "- ",
        "* ",
        "1. ",
        "*a ",
        "**",
        "*",
        "_",
        "a**b",
        "*a_ ",
        "[",
        "[a](",
        "![",
        "![a",
        "](",
        "[a]: b\n",
        "[a][",
        "<",
        "<a ",
        "<!--",
        "<?",
        "<![CDATA[",
        "`",
        "```\n",
        "``` a\n",
        "&",
        "&lt;",
        "\\",
        "\n",
        " \n",
        "# ",
        "a\n===\n",
        "<b>",
        "<p>",
        "<table>",
        "<font>",
        "- a\n",
        "> a\n",
        "    ",
        "\t",
        "*[a",
        "[*a](b)",
        "***a",
        "_*",
        "a*",
        "~",
        "| a ",
        "<a@b.c>",
        "http://",
    ];
    for piece in pieces {
        let story = piece.repeat(MOST_BYTES / piece.len());
        worst(piece, &story);
        let backwards: String = (0..360)
            .map(|n| format!("{}{piece}a\n", " ".repeat(n / 2)))
            .collect();
        worst(
            piece,
            backwards
                .get(..MOST_BYTES.min(backwards.len()))
                .unwrap_or_default(),
        );
        let deep: String = (0..500)
            .map(|_| format!("{}{piece}\n", "> ".repeat(60)))
            .collect();
        worst(
            piece,
            deep.get(..MOST_BYTES.min(deep.len())).unwrap_or_default(),
        );
    }
    let long = format!("[a]: https://a.example/{}\n\n", "x".repeat(MOST_BYTES / 2));
    worst(
        "references",
        &format!("{long}{}", "[a]".repeat(MOST_BYTES / 6 - 20)),
    );
    worst(
        "ticks",
        &(1..360)
            .map(|n| format!("{} ", "`".repeat(n)))
            .collect::<String>(),
    );
}

fn worst(name: &str, story: &str) {
    let began = Instant::now();
    let shown = shown_as(story);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{name:?} took {took:?}");
    assert!(
        shown.len() < MOST_BYTES * 16,
        "{name:?} grew to {}",
        shown.len()
    );
}
