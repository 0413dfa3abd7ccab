import Foundation
import MawsData
import MawsDataTestSupport
import MawsDataTools
import MawsPlan
import Testing

@Suite struct LabelTests {
    private static let wordNet = Result { try WordNet() }
    private var wordNet: WordNet { get throws { try Self.wordNet.get() } }

    private struct Golden: Decodable {
        var word: String
        var synset: UInt32?
        var first: String?
    }

    @Test func nounsHaveTheSynsetsOfWordNetsOwnProgram() throws {
        let golden: [Golden] = try Fixture.decoded("wordnet.json", in: .module)
        for item in golden where item.synset != nil {
            let synset = try wordNet.synset(ofJoined: HashtagText.joined(item.word))
            #expect(synset == item.synset, "\(item.word)")
            if let synset { #expect(try wordNet.words(of: synset).first == item.first, "\(item.word)") }
        }
        #expect(golden.count { $0.synset != nil } > 150)
    }

    @Test func identifiersAreThoseOfImageNet() throws {
        let synset = try #require(try wordNet.synset(ofJoined: "goldenretriever"))
        #expect(WordNet.identifier(synset) == "n02099601")
        #expect(WordNet.identifier(7) == "n00000007")
    }

    @Test func hashtagsMeanTheirNouns() throws {
        let mapper = HashtagMapper(try wordNet)
        func names(_ tag: String) throws -> [String] {
            switch mapper.outcome(HashtagText.normalized(tag)) {
            case .whole(let synset): [WordNet.identifier(synset)]
            case .parts(let synsets): synsets.map(WordNet.identifier)
            case .refused(let reason): [reason.rawValue]
            }
        }
        #expect(try names("#GoldenRetrievers") == ["n02099601"])
        #expect(try names("golden_retriever") == ["n02099601"])
        // Synonyms are one label: Mahajan et al.'s example.
        #expect(try names("brownbear") == names("ursusarctos"))
        #expect(try names("beachsunset") == names("beach") + names("sunset"))
        #expect(try names("black_dogs") == names("black") + names("dog"))
        #expect(try names("goldenretrieverpuppy") == names("goldenretriever") + names("puppy"))
        #expect(try names("catcat") == names("cat"))
        #expect(try names("ootd") == ["no noun of WordNet"])
        #expect(try names("2024") == ["no letters"])
        #expect(try names("in") == ["fewer than three letters"])
        #expect(try names("東京") == ["no noun of WordNet"])
    }

    @Test func droppedHashtagsTakeTheirSynonymsAlong() throws {
        let mapper = HashtagMapper(try wordNet, dropped: ["#Sofa"], splitsCompounds: true)
        #expect(mapper.outcome("couches") == .refused(.listed))
        let beach = try #require(try wordNet.synset(ofJoined: "beach"))
        #expect(mapper.outcome("sofabeach") == .parts([beach]))
        #expect(HashtagMapper(try wordNet, splitsCompounds: false).outcome("sofabeach") == .refused(.notANoun))
    }

    @Test func theVocabularyReadsBackAsWhatWasCounted() throws {
        let folder = try Folder()
        var survey = LabelSurvey(try wordNet, mapper: HashtagMapper(try wordNet))
        let samples = [
            ["sofa", "couch", "ootd"], ["sofas", "shoe"], ["beachsunset"], ["sunset", "sofa"], ["ootd"], [],
        ]
        for tags in samples { survey.add(tags) }
        let report = try survey.report(sampleCountMin: 2)
        #expect(report.sampleCount == 6 && report.labelledCount == 4)
        #expect(report.labels.map { $0.words[0] } == ["sofa", "sunset"])
        #expect(report.labels.map(\.sampleCount) == [3, 2])
        #expect(report.labels[0].hashtags == ["sofa", "couch", "sofas"])
        #expect(report.rare.map { $0.words[0] }.sorted() == ["beach", "shoe"])
        #expect(report.refused(.notANoun).map(\.name) == ["ootd"] && report.refused(.notANoun)[0].uses == 2)

        try report.writeVocabulary(to: folder.path("sub/labels.txt"))
        let vocabulary = try LabelVocabulary(path: folder.path("sub/labels.txt"))
        #expect(samples.map(vocabulary.labels) == [[0], [0], [1], [0, 1], [], []])
        #expect(vocabulary.names == report.labels.map(\.identifier))
        #expect(try LabelVocabulary(path: folder.path("sub/labels.txt"), sampleCountMin: 3).count == 1)
    }

    @Test func compoundsCanHaveSeveralLabelsOfTheVocabulary() throws {
        let folder = try Folder()
        var survey = LabelSurvey(try wordNet, mapper: HashtagMapper(try wordNet))
        survey.add(["beachsunset"])
        try survey.report(sampleCountMin: 1).writeVocabulary(to: folder.path("labels.txt"))
        #expect(try LabelVocabulary(path: folder.path("labels.txt")).labels(of: ["beachsunset", "x"]) == [0, 1])
    }

    @Test func aFullTableForgetsTheRarestAndSaysSo() throws {
        var survey = LabelSurvey(try wordNet, mapper: HashtagMapper(try wordNet), capacity: 50)
        for index in 0..<400 { survey.add(["dress", "qqq\(index)zz", index % 4 == 0 ? "cat" : "zzq"]) }
        let report = try survey.report(sampleCountMin: 1)
        #expect(report.labels.map(\.sampleCount) == [400, 100])
        #expect(report.undercountMax > 0 && report.hashtagCount <= 50)
        #expect(report.mapped.map(\.name) == ["dress", "cat"] && report.mapped[0].uses == 400)
    }

    @Test func hashtagsComeFromShardsAndListsAlike() throws {
        let folder = try Folder()
        let png = try Fixture.png(1)
        try folder.shard(
            "a.tar",
            [
                ("0.png", png), ("0.json", Array(##"["Dress", "#ootd"]"##.utf8)), ("1.png", png),
                ("1.txt", Array("a #coat".utf8)), ("2.png", png),
            ])
        try folder.write(
            ##"{"image": "0.png", "hashtags": ["Dress", "#ootd"]}"## + "\n"
                + ##"{"image": "1.png", "caption": "a #coat"}"##
                + "\n" + #"{"image": "2.png"}"# + "\n", "a.jsonl")
        try folder.write(
            "image,hashtags,caption\n0.png,\"#Dress, #ootd\",\n1.png,,a #coat\n2.png,,\n", "a.csv")
        let sources: [HashtagSource] = [
            .shards([folder.path("a.tar")], skipsBadRows: false), .list(folder.path("a.jsonl"), skipsBadRows: false),
            .list(folder.path("a.csv"), skipsBadRows: false),
        ]
        for source in sources {
            var rows: [[String]] = []
            var shares: [Double] = []
            try source.forEachSample(progress: { shares.append($0) }, problem: { _ in }) { rows.append($0) }
            #expect(rows == [["dress", "ootd"], ["coat"], []])
            #expect(shares.last == 1 && shares == shares.sorted())
        }
    }

    @Test func badLabelDataIsOneSentence() throws {
        let folder = try Folder()
        let none = Fixture.sentence { _ = try WordNet(folder: folder.path) }
        #expect(
            none == "\(folder.path)/index.noun cannot be opened: install the Debian package wordnet-base, or name "
                + "WordNet's dict folder.")
        try folder.write("dress\t9\ndress\t3\n", "twice.txt")
        #expect(
            Fixture.sentence { _ = try LabelVocabulary(path: folder.path("twice.txt")) }
                == "\(folder.path)/twice.txt, line 2: hashtag 'dress' is there twice.")
        try folder.write("dress\t9\ncoat\t3\n", "rare.txt")
        #expect(
            Fixture.sentence { _ = try LabelVocabulary(path: folder.path("rare.txt"), sampleCountMin: 10) }
                == "\(folder.path)/rare.txt has no label with 10 samples; the most frequent has 9.")
        try folder.write([0x64, 0xE9, 10], "latin.txt")
        #expect(
            Fixture.sentence { _ = try LabelVocabulary(path: folder.path("latin.txt")) }
                == "\(folder.path)/latin.txt is not UTF-8 text.")
        var survey = LabelSurvey(try wordNet, mapper: HashtagMapper(try wordNet))
        survey.add(["dress"])
        #expect(
            Fixture.sentence { try survey.report(sampleCountMin: 5).writeVocabulary(to: folder.path("x.txt")) }
                == "Cannot write to \(folder.path)/x.txt: no label has 5 samples; the most frequent, dress, has 1.")
        #expect(try folder.names() == ["latin.txt", "rare.txt", "twice.txt"])
    }

    @Test(arguments: [
        "\u{FEFF}dog\t8\ncat\t8\n", "dog\t8\r\ncat\t8\r\n", "dog\t8\ncat\t8\n\n \n", "dog\ncat", "#Dog\t 8 \n＃cat\t\n",
    ])
    func vocabulariesAsEditorsSaveThemAreRead(text: String) throws {
        let folder = try Folder()
        try folder.write(text, "v.txt")
        let vocabulary = try LabelVocabulary(path: folder.path("v.txt"))
        #expect(vocabulary.names == ["dog", "cat"])
        #expect(vocabulary.labels(of: ["cat", "dog"]) == [0, 1])
    }

    @Test(arguments: [
        ("dog,8\ncat,8\n", ", line 1: expected 'tag<TAB>count', found 'dog,8'; a tab stands between a hashtag and"),
        ("dog\t8\ncat 8\n", ", line 2: expected 'tag<TAB>count', found 'cat 8'; a tab"),
        ("dog;8\n", ", line 1: expected 'tag<TAB>count', found 'dog;8'"),
        ("hashtag\tcount\ndog\t8\n", ", line 1: the count 'count' is no whole number."),
        ("dog\t-1\n", ", line 1: the count '-1' is no whole number."),
        ("dog\t8\n\ncat\t8\n", ", line 2: expected 'tag<TAB>count', found ''"),
        ("dog\t8\n#DOG\t8\n", ", line 2: hashtag 'dog' is there twice."),
        ("\u{FEFF}\n\r\n", " is empty."), ("", " is empty."),
    ])
    func otherVocabulariesAreRefusedWithTheirLine(text: String, expected: String) throws {
        let folder = try Folder()
        try folder.write(text, "v.txt")
        let sentence = Fixture.sentence { _ = try LabelVocabulary(path: folder.path("v.txt")) }
        #expect(sentence?.hasPrefix(folder.path("v.txt") + expected) == true, "\(sentence ?? "read")")
        try folder.shard("a.tar", [("0.png", try Fixture.png(1))])
        let split = DataSplitPlan(
            name: "train", shards: ["a.tar"], vocabulary: "v.txt", tokenizer: nil, skipLimit: 0)
        let atStart = Fixture.sentence { _ = try PlanData(plan: Fixture.plan([split]), root: folder.path) }
        #expect(atStart == sentence)
    }

    @Test func badRowsStopTheCountOrAreNamed() throws {
        let folder = try Folder()
        let png = try Fixture.png(1)
        try folder.shard("a.tar", [("0.png", png), ("0.json", Array("[1".utf8)), ("1.png", png), ("1.txt", [0xFF])])
        let strict = Fixture.sentence {
            try HashtagSource.shards([folder.path("a.tar")], skipsBadRows: false)
                .forEachSample(progress: { _ in }, problem: { _ in }) { _ in }
        }
        #expect(
            strict == "Cannot read sample \(folder.path)/a.tar, 0 at byte 0: its .json member is no JSON: expected a "
                + "comma or ] at byte 2.")
        var problems: [String] = []
        try HashtagSource.shards([folder.path("a.tar")], skipsBadRows: true)
            .forEachSample(progress: { _ in }, problem: { problems.append("\($0)") }) { _ in }
        #expect(problems.count == 2 && problems[1].contains("its .txt member is not UTF-8 text"))
    }
}
