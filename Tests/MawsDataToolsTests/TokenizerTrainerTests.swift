import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import Testing

@Suite struct TokenizerTrainerTests {
    @Test func aTrainingThatFailsLeavesNoFolders() throws {
        let folder = try Folder()
        let error = Fixture.sentence {
            let trainer = try TokenizerTrainer(output: folder.path("new/deep/t.model"))
            try trainer.add("two words")
            try trainer.train(size: 3)
        }
        #expect(
            error?.contains("cannot have only 3 pieces") == true && error?.contains(".cc(") == false, "\(error ?? "")")
        #expect(try folder.names() == [])
        let early = Fixture.sentence {
            let trainer = try TokenizerTrainer(output: folder.path("new/deep/t.model"))
            try trainer.add("two words")
            try trainer.train(size: 0)
        }
        #expect(try early?.contains("cannot have 0 pieces") == true && folder.names() == [])
        let trainer = try TokenizerTrainer(output: folder.path("new/t.model"))
        try trainer.add("words of a caption that says more than the others do")
        try trainer.train(size: 30)
        #expect(try folder.names() == ["new"])
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

    private static let words = ["dog", "cat", "bird", "tree", "house", "river", "mountain", "sky"]

    /// A caption of so many words.
    private static func caption(_ number: Int, words count: Int) -> String {
        (0..<count).map { words[(number * 7 + $0 * $0) % 8] }.joined(separator: " ")
    }

    @Test func longCaptionsAreLearnedAsShortOnesAre() throws {
        let folder = try Folder()
        // Half of the captions have 6,000 bytes and a word that no other has.
        let trainer = try TokenizerTrainer(output: folder.path("a.model"))
        for number in 0..<40 {
            try trainer.add(
                number % 2 == 0 ? "zebra " + Self.caption(number, words: 1200) : Self.caption(number, words: 10))
        }
        let result = try trainer.train(size: 200)
        #expect(trainer.captionCount == 40)
        let tokenizer = try Tokenizer(model: folder.path("a.model"), context: 40)
        #expect(!tokenizer.encode("zebra").contains(Tokenizer.unknown))
        #expect(tokenizer.tokenCount(Self.caption(0, words: 1200)) > 1200)
        // The cut ones are counted, whatever the context of the tokenizer.
        #expect(result.lengths.captionCount == 40 && result.lengths.cutCount(context: 102) == 20)
        #expect(result.lengths.cutCount(context: result.lengths.quantile(1)) == 0)
        #expect(result.lengths.sentence(context: 102).hasSuffix("a context of 102 cuts 20 of 40 captions"))
        #expect(result.pieceCount < 200 && result.tokenCount == result.pieceCount + 2)
    }

    @Test func longCaptionsAreCutIntoLinesThatHoldAllOfThem() {
        let texts = [
            Self.caption(1, words: 5000), String(repeating: "東京", count: 4000), String(repeating: "👩‍👩‍👧", count: 2000),
            "a " + String(repeating: "b", count: 9000) + " c", "short",
        ]
        for text in texts {
            let lines = TokenizerTrainer.lines(of: text)
            #expect(lines.allSatisfy { $0.utf8.count <= 4096 && !$0.isEmpty })
            #expect(lines.map(String.init).joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
        #expect(TokenizerTrainer.lines(of: texts[0]).joined(separator: " ") == texts[0])
    }

    @Test func aLongCaptionWithoutABlankIsLearned() throws {
        let folder = try Folder()
        let trainer = try TokenizerTrainer(output: folder.path("a.model"))
        var state: UInt32 = 7
        let letters = (0..<30_000).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(ascii: "a") + UInt8(state >> 29)
        }
        try trainer.add(String(decoding: letters, as: UTF8.self))
        #expect(try trainer.train(size: 50).pieceCount > 10)
    }

    @Test func captionsThatNothingCanBeLearnedFromAreToldApart() throws {
        let folder = try Folder()
        let trainer = try TokenizerTrainer(output: folder.path("a.model"))
        for caption in ["", "  ", "#", "\u{200B}", "\u{FEFF}\u{AD}", "\u{2581}", "\0\u{7}", "\u{2585}"] {
            #expect(try !trainer.add(caption), "\(caption)")
        }
        let sentence = Fixture.sentence { try trainer.train(size: 100) }
        #expect(
            sentence?.hasSuffix("cannot be trained: the shards hold no caption that something can be learned from.")
                == true)
        #expect(try trainer.add("sparks ▁▂▃▅▆ dog") && trainer.reservedCount == 1)
        #expect(try trainer.train(size: 100).pieceCount > 4)
    }

    @Test(arguments: [
        (10, "cannot have only 10 pieces: the captions' characters alone take 22; name a size from 22 on."),
        (1, "cannot have only 1 pieces: the captions' characters alone take 22; name a size from 22 on."),
        (0, "cannot have 0 pieces; name a size from 1 to 10000000."),
        (-5, "cannot have -5 pieces; name a size from 1 to 10000000."),
        (1 << 31, "cannot have 2147483648 pieces; name a size from 1 to 10000000."),
    ])
    func aSizeThatCannotBeSaysWhichCan(size: Int, expected: String) throws {
        let folder = try Folder()
        do {
            let trainer = try TokenizerTrainer(output: folder.path("a.model"))
            for number in 0..<40 { try trainer.add(Self.caption(number, words: 30)) }
            let sentence = Fixture.sentence { try trainer.train(size: size) }
            #expect(sentence == "Tokenizer \(folder.path)/a.model \(expected)")
        }
        #expect(try folder.names() == [])
    }
}
