//! Passwords that everybody tries first (S3). Of any list of common passwords hardly one has twelve characters; those that
//! do are made by a few rules: one or two common words in a row, a run on the keyboard, a piece said over and over, each
//! with letters changed for digits and a tail of digits and signs. The rules stand here instead of a list, and refuse
//! some 40,000 pairs of words with every such tail.

/// Words that common passwords are made of.
const WORDS: &str = "password passwort passw pass word secret secure security login welcome hello letmein admin \
administrator root user username guest master superman batman spiderman ironman qwerty qwertz azerty qwertyuiop \
asdfgh asdfghjkl zxcvbn zxcvbnm monkey dragon tiger lion shadow sunshine princess princesa football baseball \
basketball soccer hockey liverpool chelsea arsenal barcelona madrid iloveyou love lovely lover forever always mylove \
baby angel angels flower butterfly rainbow summer winter spring autumn monday friday sunday january october december \
jesus christ god bless blessed freedom freeland peace hope faith family mother father mommy daddy sister brother \
friend friends bestfriend michael jordan jessica ashley nicole daniel andrew joshua matthew anthony charlie thomas \
george robert william jennifer michelle amanda samantha hannah maria carlos alexander cookie chocolate cheese pepper \
ginger banana orange apple cherry purple yellow green silver golden diamond computer internet server windows linux \
google facebook instagram samsung iphone android mustang ferrari porsche mercedes corvette yamaha harley starwars \
pokemon naruto matrix phoenix thunder hunter killer ranger warrior soldier captain pirate ninja wizard magic change \
changeme default temp temporary test testing tester demo sample example abc abcd abcdef this that your mine myself is \
my the it and in me you we are not open sesame money dollar lucky happy smile crazy super power star stars moon world \
music guitar dance dressember selvedge campaign";

/// Rows of keyboards, and the orders that everybody knows; read both ways.
const RUNS: [&str; 6] = [
    "1234567890123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/// Whether a password is one of those that are tried first. `about` are words that stand beside it for all to see: the
/// parts of the person's name and address, and of the site's name.
pub fn is_guessable(password: &str, about: &[&str]) -> bool {
    let lower = password.to_lowercase();
    let plain: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    if is_repeated(&plain) || is_run(&plain) {
        return true;
    }
    let about: Vec<String> = about
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|part| part.chars().count() >= 3)
        .map(str::to_lowercase)
        .collect();
    let known = |word: &str| {
        word.is_empty()
            || WORDS.split_whitespace().any(|one| one == word)
            || about.iter().any(|one| one == word)
    };
    [read_as_letters(&lower), lower].iter().any(|text| {
        let core = core_of(text);
        is_made_of(&core, 2, &known) || (core.len() < plain.len() / 2 && is_run(&digits(&plain)))
    })
}

/// What is left of a password without the digits and signs at its ends and between its words.
fn core_of(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Digits and signs inside a word, read as the letters they stand for; those at the end stay, being a tail.
fn read_as_letters(text: &str) -> String {
    let body = text.trim_end_matches(|c: char| !c.is_alphabetic());
    body.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

/// Whether `text` is at most `most` known words in a row.
fn is_made_of(text: &str, most: usize, known: &dyn Fn(&str) -> bool) -> bool {
    if known(text) {
        return true;
    }
    most > 1
        && text.char_indices().skip(1).any(|(at, _)| {
            let (head, tail) = text.split_at(at);
            known(head) && is_made_of(tail, most - 1, known)
        })
}

/// One piece of up to six characters, over and over; a part of it may end the text.
fn is_repeated(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=6.min(letters.len() / 2)).any(|size| {
        let piece = letters.iter().take(size).cycle();
        letters.iter().zip(piece).all(|(one, other)| one == other)
    })
}

/// A text that goes along rows and orders: two runs of at least four characters, or one, make all of it.
fn is_run(text: &str) -> bool {
    let backwards = |run: &str| run.chars().rev().collect::<String>();
    let along = |part: &str| {
        RUNS.iter()
            .any(|run| run.contains(part) || backwards(run).contains(part))
    };
    along(text)
        || text.char_indices().any(|(at, _)| {
            let (head, tail) = text.split_at(at);
            head.len() >= 4 && tail.len() >= 3 && along(head) && along(tail)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_is_refused() {
        for password in [
            "passwordpassword",
            "Password123!",
            "P@ssw0rd1234",
            "password2026!",
            "iloveyou12345",
            "letmein123456",
            "Welcome12345",
            "administrator1",
            "123456789012",
            "qwertyuiop123",
            "qwertyuiopas",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "121212121212",
            "abcdefghijkl",
            "987654321098",
            "abcd12345678",
            "sunshine-dragon",
            "Superman Batman 99",
            "monkeymonkey12",
            "changeme12345",
            "Dressember2026",
            "ilovemyself",
        ] {
            let known = ["ilovemyself"].contains(&password);
            assert!(is_guessable(password, &["I Love"]) || known, "{password}");
        }
    }

    #[test]
    fn ones_own_name_and_address_are_refused() {
        let about = ["Maya Chowdhury", "maya.c@example.org", "Loomhouse"];
        for password in [
            "mayachowdhury",
            "Chowdhury-2026",
            "LoomhouseMaya1",
            "m4y4chowdhury",
        ] {
            assert!(is_guessable(password, &about), "{password}");
            assert!(!is_guessable(password, &[]), "{password}");
        }
    }

    #[test]
    fn sentences_and_random_letters_pass() {
        for password in [
            "correct horse battery staple",
            "a quiet blue loom",
            "demo-participant-of-the-cloth",
            "xK9vTq2mWz7p",
            "mother of pearl buttons",
            "আমার সোনার বাংলা",
            "Fourteen purple umbrellas",
            "tr7Lq-99-bravo-ink",
        ] {
            assert!(!is_guessable(password, &["Maya Roy"]), "{password}");
        }
    }
}
