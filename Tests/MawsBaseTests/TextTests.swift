import MawsBase
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("http://alice:s3cret@host/a.tar", "http://***@host/a.tar"),
        (
            "Cannot read https://alice@host:8443/a.tar from byte 0",
            "Cannot read https://***@host:8443/a.tar from byte 0"
        ),
        ("http://alice:s3/cret@host/a.tar", "http://***@host/a.tar"),
        ("http://alice:s3cret@[::1]:80/a.tar", "http://***@[::1]:80/a.tar"),
        ("https://host/a.tar?se=2026&sig=s3cret, byte 7", "https://host/a.tar?se=***&sig=***, byte 7"),
        ("https://host/a-{0..3}.tar?s3cret", "https://host/a-{0..3}.tar?***"),
        ("https://host/a.tar#s3cret.", "https://host/a.tar#***."),
        ("\"https://a:s3cret@b/c\",'http://d?e=s3cret'", "\"https://***@b/c\",'http://d?e=***'"),
        ("pipe:curl -u al:s3cret https://h/a.tar", "pipe:curl -u *** https://h/a.tar"),
        ("pipe:curl -H 'Authorization: Bearer s3cret' h", "pipe:curl -H 'Authorization: Bearer ***' h"),
        ("pipe:get --password s3cret --token=s3cret h", "pipe:get --password *** --token=*** h"),
        (
            "pipe:AWS_SECRET_ACCESS_KEY=s3cret aws s3 cp s3://b/k -",
            "pipe:AWS_SECRET_ACCESS_KEY=*** aws s3 cp s3://b/k -"
        ),
    ])
    func secretsAreHidden(_ text: String, _ shown: String) {
        #expect(Secrets.hidden(in: text) == shown)
    }

    @Test func aTextIsOneJSONStringWhateverStandsInIt() {
        #expect(JSONText.quoted("a\"b\\c\n\r\t\u{0}\u{1B}é😀") == #""a\"b\\c\n\r\t\u0000\u001bé😀""#)
        #expect(PlainText.json("[\"\u{9B}\u{E0001}\"]") == #"["\u009b\udb40\udc01"]"#)
    }

    @Test(arguments: [
        "https://host/a/@user/b.tar", "http://[::1]:80/a.tar", "http://host:80/mail@x.tar", "data/a?b#c@d.tar",
        "pipe:aws s3 cp s3://bucket/a.tar -", "pipe:curl -u $DATA_USER:$DATA_PASSWORD https://h/a.tar",
        "pipe:curl -H \"Authorization: Bearer $TOKEN\" https://h", "the password: said nobody", "",
    ])
    func whatIsNoSecretStays(_ text: String) {
        #expect(Secrets.hidden(in: text) == text)
    }

    @Test func aCommandEndsWithItsLine() {
        let plan = "shards: pipe:get --token s3cret\ntokenizer: words.model\nlist: https://h/a?s=s3cret\nseed: 1"
        #expect(
            Secrets.hidden(in: plan)
                == "shards: pipe:get --token ***\ntokenizer: words.model\nlist: https://h/a?s=***\nseed: 1")
    }

    @Test func userInformationIsFound() {
        for text in ["http://a:b@c/d", "https://a@c", "http://a:b/c@d/e"] {
            #expect(Secrets.hasUserInformation(text))
        }
        for text in ["http://c/d@e", "https://c:80/@x", "a:b@c", "http://[::1]:1/a@b"] {
            #expect(!Secrets.hasUserInformation(text))
        }
    }

    @Test func aTextFromElsewhereStaysOnItsLine() {
        let text = "gone\n2026-01-01 critical all is lost\r\u{1B}[2J\u{202E}\u{2028}é"
        #expect(
            PlainText.line(text)
                == "gone\\n2026-01-01 critical all is lost\\r\\u{1B}[2J\\u{202E}\\u{2028}é")
        #expect(PlainText.lines("a\tb\n\u{1B}[31mc\u{9B}d\u{202E}") == #"a\#tb\#n\u{1B}[31mc\u{9B}d\u{202E}"#)
        #expect(PlainText.lines("می\u{200C}خواهم 👩\u{200D}🚀 café") == "می\u{200C}خواهم 👩\u{200D}🚀 café")
        #expect(
            PlainText.json(#"{"a": "\#u{7F}\#u{9B}x\#u{202E}y\#u{E0041}"}"#)
                == #"{"a": "\u007f\u009bx\u202ey\udb40\udc41"}"#)
        #expect(PlainText.line(String(repeating: "x", count: 64_000), charactersMax: 10) == "xxxxxxxxxx… (63990 more)")
    }
}
