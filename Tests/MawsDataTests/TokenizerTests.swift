import Foundation
import MawsData
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
        let golden: Golden = try Fixture.decoded("tokenizer.json")
        let tokenizer = try Tokenizer(model: Fixture.golden("tokenizer.model"), context: golden.context)
        #expect(tokenizer.vocabularySize == golden.vocabularySize)
        for item in golden.cases {
            #expect(tokenizer.encode(item.caption) == item.ids, "\(item.caption)")
        }
    }

    @Test func namesOfSpecialTokensInACaptionAreText() throws {
        let tokenizer = try Tokenizer(model: Fixture.golden("tokenizer.model"), context: 40)
        let ids = tokenizer.encode("a </s> b <pad> c <s> d <mask>")
        let end = try #require(ids.firstIndex(of: Tokenizer.end))
        #expect(ids[0] == Tokenizer.begin)
        #expect(ids[1..<end].allSatisfy { $0 >= Tokenizer.unknown })
        #expect(ids[(end + 1)...].allSatisfy { $0 == Tokenizer.padding })
    }

    @Test func theShortestContextHoldsTheEnds() throws {
        let tokenizer = try Tokenizer(model: Fixture.golden("tokenizer.model"), context: 2)
        #expect(tokenizer.encode("a dress") == [Tokenizer.begin, Tokenizer.end])
        #expect(throws: DataError.self) { _ = try Tokenizer(model: Fixture.golden("tokenizer.model"), context: 1) }
    }

    @Test func whatIsNoModelIsOneSentence() throws {
        let folder = try Folder()
        try folder.write("not a model at all", "x.model")
        let wrong = Fixture.sentence { _ = try Tokenizer(model: folder.path("x.model"), context: 8) }
        #expect(wrong?.hasPrefix("Tokenizer \(folder.path)/x.model is no SentencePiece model (") == true)
        let missing = Fixture.sentence { _ = try Tokenizer(model: folder.path("no.model"), context: 8) }
        #expect(missing?.hasPrefix("Cannot open") == true)
    }

    @Test func trainingTwiceGivesTheSameBytes() throws {
        let folder = try Folder()
        for name in ["a.model", "b.model"] {
            let trainer = try TokenizerTrainer(output: folder.path(name))
            for index in 0..<500 {
                let labels = FashionRule(seed: 1).labels(split: .train, image: index, cleanClass: index % 10)
                try trainer.add(labels.caption)
            }
            try trainer.train(size: 300)
        }
        #expect(try folder.bytes("a.model") == folder.bytes("b.model"))
        #expect(try folder.names() == ["a.model", "b.model"])
        let tokenizer = try Tokenizer(model: folder.path("a.model"), context: 16)
        #expect(tokenizer.vocabularySize > 60 && tokenizer.vocabularySize <= 302)
        #expect(!tokenizer.encode("in love with my ankle boots today").contains(Tokenizer.unknown))
    }

    @Test func trainingWithoutCaptionsLeavesNothing() throws {
        let folder = try Folder()
        do {
            let trainer = try TokenizerTrainer(output: folder.path("a.model"))
            try trainer.add(" # ")
            #expect(throws: DataError.self) { try trainer.train(size: 100) }
        }
        #expect(try folder.names() == [])
    }

    @Test func captionsAreSanitised() {
        #expect(CaptionText.sanitized("  a#b \t\n c\u{0}\u{85}d  ") == "ab c d")
        #expect(CaptionText.sanitized("e\u{301} 👩‍👩‍👧") == "e\u{301} 👩‍👩‍👧")
        #expect(CaptionText.sanitized("###") == "")
    }
}
