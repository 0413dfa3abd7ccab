import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import Testing

@Suite struct TokenizerTests {
    private struct Golden: Decodable {
        struct Case: Decodable {
            var caption: String
            var ids: [Int32]
        }

        var context: Int
        var vocabularySize: Int
        var cases: [Case]
    }

    @Test func captionsBecomeTheIdsOfTransformersXLMRobertaTokenizer() throws {
        let golden: Golden = try Fixture.decoded("tokenizer.json", in: .module)
        let tokenizer = try Tokenizer(model: Fixture.tokenizer, context: golden.context)
        #expect(tokenizer.vocabularySize == golden.vocabularySize)
        for item in golden.cases {
            #expect(tokenizer.encode(item.caption) == item.ids, "\(item.caption)")
        }
    }

    @Test func namesOfSpecialTokensInACaptionAreText() throws {
        let tokenizer = try Tokenizer(model: Fixture.tokenizer, context: 40)
        let ids = tokenizer.encode("a </s> b <pad> c <s> d <mask>")
        let end = try #require(ids.firstIndex(of: Tokenizer.end))
        #expect(ids[0] == Tokenizer.begin)
        #expect(ids[1..<end].allSatisfy { $0 >= Tokenizer.unknown })
        #expect(ids[(end + 1)...].allSatisfy { $0 == Tokenizer.padding })
    }

    @Test func theShortestContextHoldsTheEnds() throws {
        let tokenizer = try Tokenizer(model: Fixture.tokenizer, context: 2)
        #expect(tokenizer.encode("a dress") == [Tokenizer.begin, Tokenizer.end])
        #expect(throws: DataError.self) { _ = try Tokenizer(model: Fixture.tokenizer, context: 1) }
    }

    @Test func messagesOfSentencePieceHaveNoPlacesInItsSources() {
        let message =
            "Internal: ./src/trainer_interface.cc(661) [(trainer_spec_.vocab_size()) == (1)] Size is wrong. 1 vs 2"
        #expect(Tokenizer.text(message.utf8.map(CChar.init) + [0, 65]) == "Size is wrong. 1 vs 2")
        #expect(Tokenizer.text("Internal: x.cc(1) [a[0] == b] ".utf8.map(CChar.init) + [0]) == "")
        #expect(Tokenizer.text("no such thing (12)".utf8.map(CChar.init) + [0]) == "no such thing (12)")
    }

    @Test func whatIsNoModelIsOneSentence() throws {
        let folder = try Folder()
        try folder.write("not a model at all", "x.model")
        let wrong = Fixture.sentence { _ = try Tokenizer(model: folder.path("x.model"), context: 8) }
        #expect(
            wrong == "Tokenizer \(folder.path)/x.model is no SentencePiece model; 'maws data tokenizer' makes one.")
        let missing = Fixture.sentence { _ = try Tokenizer(model: folder.path("no.model"), context: 8) }
        #expect(missing?.hasPrefix("Cannot open") == true)
    }

    @Test func captionsAreSanitised() {
        #expect(CaptionText.sanitized("  a#b \t\n c\u{0}\u{85}d  ") == "ab c d")
        #expect(CaptionText.sanitized("e\u{301} 👩‍👩‍👧") == "e\u{301} 👩‍👩‍👧")
        #expect(CaptionText.sanitized("###") == "")
    }
}
