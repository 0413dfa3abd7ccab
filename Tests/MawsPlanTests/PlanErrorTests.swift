import Foundation
import MawsPlan
import Testing

@Suite struct PlanErrorTests {
    let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    /// One change of the small plan and the sentence it is refused with.
    struct Fault: CustomTestStringConvertible, Sendable {
        var old: String
        var new: String
        var sentence: String

        init(_ old: String, _ new: String, _ sentence: String) {
            self.old = old
            self.new = new
            self.sentence = sentence
        }

        var testDescription: String { "\(old) → \(new)" }
    }

    @Test(arguments: Fault.values + Fault.names + Fault.references + Fault.sizes)
    func aFaultIsNamedWithLineFieldAndExpectation(_ fault: Fault) {
        #expect(fixture.sentence(PlanFixture.plan(fault.old, fault.new)) == fault.sentence)
    }

    @Test(arguments: [
        "http://alice:s3cret@host/a.tar", "https://alice:s3{cret@host/a.tar", "https://s3cret@h/{0..1}.tar",
    ])
    func aPasswordInAnAddressIsRefusedAndNotShown(_ address: String) throws {
        let sentence = fixture.sentence(PlanFixture.plan("data/train-{00..01}.tar", "'\(address)'"))
        #expect(sentence.hasPrefix("plan.yaml:5: data.train.shards: the address `http"), "\(sentence)")
        #expect(sentence.contains("***@h") && sentence.contains("MAWS_DATA_PASSWORD"), "\(sentence)")
        #expect(!sentence.contains("s3"), "\(sentence)")
    }

    @Test(arguments: [
        "data: {train: {shards: http://alice:s3cret@host/a.tar", "run: 'http://alice:s3cret@host/x\nseed: [",
    ])
    func noOtherFaultShowsAPasswordEither(_ text: String) {
        let sentence = fixture.sentence(text)
        #expect(!sentence.isEmpty && !sentence.contains("s3cret"), "\(sentence)")
    }

    @Test func theSmallPlanItselfIsAccepted() {
        #expect(fixture.sentence(PlanFixture.plan) == "")
    }

    @Test func aFileThatIsNotThereIsOneSentence() {
        #expect(throws: PlanError.unreadable(file: "no/such.yaml", reason: "there is no such file")) {
            try PlanLoader.load(path: "no/such.yaml") { _ in 1 }
        }
        #expect(
            PlanError.unreadable(file: "no/such.yaml", reason: "there is no such file").description
                == "The plan no/such.yaml cannot be read: there is no such file.")
    }

    @Test(arguments: [
        ("", "plan.yaml:1: this is not valid YAML: the file is empty."),
        ("seed: 1\nrun: [a\n", "plan.yaml:3: this is not valid YAML: did not find expected ',' or ']'."),
        ("run: a\nrun: b", "plan.yaml:1: this is not valid YAML: the map that starts here has `run` twice."),
        ("a\tb: {", "plan.yaml:2: this is not valid YAML: did not find expected node content."),
        (
            "- mae",
            "plan.yaml:1: expected a map of fields, `run`, `data`, `model` and `stages` among them, found a list."
        ),
    ])
    func textThatIsNotAPlanIsRefused(_ text: String, _ sentence: String) {
        #expect(fixture.sentence(text) == sentence)
    }

    @Test func aTokenizerThatCannotBeReadIsNamed() {
        struct Broken: Error, CustomStringConvertible { var description: String { "it is not a SentencePiece model." } }
        let error = #expect(throws: PlanError.self) {
            try PlanLoader.parse(PlanFixture.plan, file: "plan.yaml", root: fixture.root) { _ in throw Broken() }
        }
        #expect(
            error?.description
                == "plan.yaml:7: data.train.tokenizer: the file data/tokenizer.model cannot be used: "
                + "it is not a SentencePiece model.")
    }

    @Test func anEmptyVocabularyIsRefused() throws {
        try fixture.write("data/vocabulary.tsv", "\n")
        #expect(
            fixture.sentence(PlanFixture.plan)
                == "plan.yaml:6: data.train.vocabulary: the file data/vocabulary.tsv cannot be used: it has no label."
        )
    }

    @Test func textThatIsNoPlanFromTheWireIsRefused() throws {
        #expect(throws: PlanError.undecodable(reason: "it is not JSON")) { try Plan(json: "plan") }
        let json = try fixture.parse(PlanFixture.plan).json()
        #expect(throws: PlanError.undecodable(reason: "the field seed has another type")) {
            try Plan(json: json.replacing("\"seed\":7", with: "\"seed\":\"x\""))
        }
        #expect(throws: PlanError.undecodable(reason: "the field seed is missing")) {
            try Plan(json: json.replacing("\"seed\":7", with: "\"sead\":7"))
        }
    }
}
