import Foundation
import MawsBase
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsImages
import MawsPlan
import MawsTensor
import Testing

@Suite struct BatchLoaderTests {
    @Test func anEpochOfUnitsHoldsEverySampleOnce() throws {
        let folder = try Fixture.folder(count: 24)
        let loader = try Self.loader(folder, Fixture.stage(.mae))
        var samples: [Int] = []
        var slots: [UInt64] = []
        for step in 0..<3 {
            for unit in 0..<2 {
                let batch = try loader.batch(step: UInt64(step), unit: unit)
                samples += batch.samples
                slots += batch.slots
                for row in 0..<4 {
                    #expect(batch[.image].floats[row * 64] == Float(batch.samples[row]) / 255)
                }
            }
        }
        #expect(samples.sorted() == Array(0..<24))
        #expect(slots == Array(0..<24))
        #expect(loader.unitCount == 2 && loader.sampleCount == 24)
    }

    @Test func aBatchIsAPureFunctionOfStepAndUnit() throws {
        let folder = try Fixture.folder(count: 24)
        let stage = Fixture.stage(
            .wsp, augment: AugmentPlan(crop: CropPlan(scale: [0.2, 1], ratio: [0.75, 4.0 / 3]), flip: true))
        let one = try Self.loader(folder, stage)
        let other = try Self.loader(folder, stage)
        _ = try other.batch(step: 9, unit: 0)
        let (left, right) = (try one.batch(step: 2, unit: 1), try other.batch(step: 2, unit: 1))
        #expect(left[.image].floats.array == right[.image].floats.array)
        #expect(left.samples == right.samples && left.slots == right.slots && labels(left) == labels(right))
    }

    @Test func fixedViewsTakeTurnsFromEpochToEpoch() throws {
        let folder = try Fixture.folder(count: 24)
        var stage = Fixture.stage(
            .lit, augment: AugmentPlan(crop: CropPlan(scale: [0.2, 1], ratio: [0.75, 4.0 / 3]), flip: true))
        stage[LiTTask.self]?.fixedViews = 2
        let loader = try Self.loader(folder, stage)
        #expect(loader.viewCount == 48)
        // Three steps an epoch.
        let epochs = try (0..<4).map { epoch in
            try (0..<6).map { try loader.batch(step: UInt64(3 * epoch + $0 / 2), unit: $0 % 2) }
        }
        let views = epochs.map { Dictionary(uniqueKeysWithValues: $0.flatMap { zip($0.samples, $0.views) }) }
        for sample in 0..<24 {
            #expect(views.map { $0[sample] } == [0, 1, 0, 1].map { UInt64(2 * sample + $0) })
        }
        #expect(epochs[0].flatMap(\.samples) != epochs[2].flatMap(\.samples))
    }

    @Test func imagesOfKnownFeaturesAreNotRead() throws {
        let folder = try Fixture.folder(count: 24)
        var stage = Fixture.stage(.lit)
        stage[LiTTask.self]?.fixedViews = 1
        let loader = try Self.loader(folder, stage)
        let whole = try loader.batch(step: 1, unit: 0)
        let batch = try loader.batch(step: 1, unit: 0) { $0 % 2 == 0 ? Self.features($0) : nil }
        #expect(batch.views == whole.samples.map(UInt64.init))
        #expect(batch[.text].integers == whole[.text].integers && batch.samples == whole.samples)
        let even = (0..<4).filter { batch.views[$0] % 2 == 0 }
        #expect(batch[.features].rows == even)
        #expect(batch[.features].floats.array == even.flatMap { Self.features(batch.views[$0]) })
        let odd = (0..<4).filter { batch.views[$0] % 2 == 1 }
        #expect(batch[.image].rows == odd)
        #expect(batch[.image].floats.array == odd.flatMap { whole[.image].floats.part($0 * 64, 64).array })
    }

    @Test func hashtagsBecomeLabelsOfTheVocabulary() throws {
        let folder = try Fixture.folder(count: 24)
        let batch = try Self.loader(folder, Fixture.stage(.wsp)).batch(step: 0, unit: 0)
        // The vocabulary is t2, t0, t1; the hashtag `all` is not in it.
        #expect(labels(batch) == batch.samples.map { [[1], [2], [0]][$0 % 3] })
        #expect(batch.inputs.map(\.specification.name) == [.image])
    }

    @Test func captionsBecomeTokens() throws {
        let folder = try Fixture.folder(count: 24)
        let batch = try Self.loader(folder, Fixture.stage(.lit)).batch(step: 0, unit: 0)
        let tokenizer = try Tokenizer(model: folder.path("tokenizer.model"), context: 12)
        #expect(batch[.text].specification.shape == [12])
        #expect(batch[.text].integers == batch.samples.flatMap { tokenizer.encode("photo number \($0) t\($0 % 3)") })
    }

    @Test func evaluationGoesThroughTheSplitInOrder() throws {
        let folder = try Fixture.folder(count: 10)
        let loader = try Self.loader(folder, Fixture.stage(.zeroshot))
        #expect(loader.unitCount == 3)
        let batches = try (0..<3).map { try loader.batch(step: 0, unit: $0) }
        #expect(batches.map(\.samples) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
        #expect(batches[2].target(as: ClassTarget.self).classes == [2, 0])
        #expect(batches[2].slots == [8, 9])
        #expect(batches[2][.image].floats.count == 2 * 64)
    }

    @Test func linearGoesThroughBothSplits() throws {
        let folder = try Fixture.folder(count: 6)
        let loader = try Self.loader(folder, Fixture.stage(.linear))
        #expect(loader.unitCount == 4 && loader.sampleCount == 5)
        let batches = try (0..<4).map { try loader.batch(step: 0, unit: $0).samples }
        #expect(batches == [[0, 1, 2, 3], [4, 5], [0, 1, 2, 3], [4]])
    }

    @Test func imagesOfOtherSizesAreResized() throws {
        let folder = try Folder()
        try folder.shard("train.tar", [("a.png", try Fixture.png(90, side: 20))])
        let batch = try Self.loader(folder, Fixture.stage(.zeroshot)).batch(step: 0, unit: 0)
        #expect(batch[.image].floats.array == [Float](repeating: Float(90) / 255, count: 64))
    }

    @Test func halfOfTheImagesAreFlipped() throws {
        let folder = try Folder()
        let pixels = (0..<64).map { UInt8($0 % 8) }
        let png = try PNGEncoder.encode(PixelImage(width: 8, height: 8, channels: 1, pixels: pixels))
        try folder.shard("train.tar", [("a.png", png)])
        let stage = Fixture.stage(.mae, batch: 400, unit: 400, augment: AugmentPlan(crop: nil, flip: true))
        let batch = try Self.loader(folder, stage).batch(step: 0, unit: 0)
        let flipped = (0..<400).count { batch[.image].floats[$0 * 64] == Float(7) / 255 }
        #expect((150...250).contains(flipped))
        #expect((0..<400).allSatisfy { [0, Float(7) / 255].contains(batch[.image].floats[$0 * 64]) })
    }

    @Test func manyThreadsGetTheSameBatches() throws {
        let folder = try Fixture.folder(count: 24)
        let loader = try Self.loader(folder, Fixture.stage(.lit))
        let expected = try (0..<12).map { try loader.batch(step: UInt64($0 / 2), unit: $0 % 2)[.text].integers }
        DispatchQueue.concurrentPerform(iterations: 48) { index in
            let batch = try? loader.batch(step: UInt64(index % 12 / 2), unit: index % 2)
            #expect(batch?[.text].integers == expected[index % 12])
        }
    }

    @Test func theFingerprintCoversEverySplitOfTheStage() throws {
        let folder = try Fixture.folder(count: 6)
        let train = try Self.loader(folder, Fixture.stage(.mae)).fingerprint
        let both = try Self.loader(folder, Fixture.stage(.linear)).fingerprint
        #expect(train.count == 64 && both.count == 64 && train != both)
        #expect(try Dataset(Fixture.split(["train.tar"]), root: folder.path).fingerprint == train)
    }

    @Test func aStageWithoutItsFilesIsOneSentence() throws {
        let folder = try Fixture.folder(count: 6)
        var split = Fixture.split(["train.tar"])
        split.vocabulary = nil
        split.tokenizer = nil
        for (kind, words) in [(StageKind.wsp, "no vocabulary file"), (.lit, "no tokenizer"), (.linear, "'test'")] {
            let sentence = Fixture.sentence {
                _ = try BatchLoader(
                    plan: Fixture.plan([split]), stage: Fixture.stage(kind), stageIndex: 0, root: folder.path)
            }
            #expect(sentence?.hasPrefix("Stage '\(kind.rawValue)' ") == true && sentence?.contains(words) == true)
        }
        try folder.write("t0\t1\n", "vocabulary.txt")
        let changed = Fixture.sentence { _ = try Self.loader(folder, Fixture.stage(.wsp)) }
        #expect(changed?.contains("has 3 labels, but \(folder.path)/vocabulary.txt has 1;") == true)
    }

    /// What stands for a view's features.
    private static func features(_ view: UInt64) -> [Float] { (0..<16).map { Float(view) + Float($0) / 16 } }

    private func labels(_ batch: UnitBatch) -> [[Int]] { batch.target(as: LabelTarget.self).labels }

    static func loader(_ folder: Folder, _ stage: StagePlan, skipLimit: Double = 0) throws -> BatchLoader {
        let splits = [
            Fixture.split(["train.tar"], skipLimit: skipLimit), Fixture.split(["test.tar"], name: "test"),
        ]
        return try BatchLoader(plan: Fixture.plan(splits), stage: stage, stageIndex: 0, root: folder.path)
    }
}

@Suite struct UnreadableSampleTests {
    /// Samples whose content is bad in every way there is, each beside good ones, and the words that name it.
    private static let bad: [(member: String, data: [UInt8], kind: StageKind, words: String)] = [
        ("s3.png", [], .mae, "the image is empty"),
        ("s3.png", [1, 2, 3, 4, 5], .mae, "the image is neither JPEG, PNG nor WebP (it starts with the bytes 01 02"),
        ("s3.png", [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10], .mae, "the image is a damaged PNG file"),
        (
            "s3.json", Array("{not json".utf8), .wsp,
            "its .json member is no JSON: expected a key in double quotes at byte 1"
        ),
        ("s3.json", [0xFF, 0xFE], .wsp, "its .json member is no JSON: it is not UTF-8 text but UTF-16"),
        ("s3.txt", [72, 0xE9, 33], .lit, "its .txt member is not UTF-8 text"),
        ("s3.cls", Array("shoe".utf8), .zeroshot, "its .cls member says 'shoe', where one whole number"),
        ("s3.cls", Array("-1".utf8), .zeroshot, "its .cls member says '-1', where one whole number"),
        ("s3.cls", Array("1 2".utf8), .zeroshot, "its .cls member says '1 2', where one whole number"),
        ("s3.cls", Array("1.0\n".utf8), .zeroshot, "its .cls member says '1.0', where one whole number"),
        ("s3.cls", Array(" \n".utf8), .zeroshot, "its .cls member is empty, where one whole number"),
        (
            "s3.cls", Array("1000000".utf8), .zeroshot,
            "its .cls member says '1000000', where one whole number from 0 to 999999"
        ),
        ("s3.cls", Array(repeating: 48, count: 65), .zeroshot, "its .cls member has more than 64 bytes"),
    ]

    @Test(arguments: bad.indices)
    func isLeftOutCountedAndNamed(index: Int) throws {
        let bad = Self.bad[index]
        let folder = try Self.folder { $0.map { $0.name == bad.member ? (bad.member, bad.data) : $0 } }
        let loader = try BatchLoaderTests.loader(folder, Fixture.stage(bad.kind, batch: 24, unit: 24), skipLimit: 0.1)
        let batch = try loader.batch(step: 0, unit: 0)
        _ = try loader.batch(step: 0, unit: 0)
        #expect(loader.skipped.count == 1)
        let skipped = try #require(loader.skipped.first)
        #expect(skipped.member == "s3" && skipped.shard == folder.path("train.tar") && skipped.offset > 0)
        #expect(skipped.reason.hasPrefix(bad.words), "\(skipped.reason)")
        let expected = Array(0..<24).map { $0 == 3 ? 4 : $0 }
        let left = Array(0..<24).filter { $0 != 3 }
        #expect(batch.samples.sorted() == (Fixture.stage(bad.kind).trains ? expected : left))
    }

    @Test func aSampleWithoutAnImageIsUnreadable() throws {
        let folder = try Self.folder { $0.filter { $0.name != "s3.png" } }
        let loader = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24), skipLimit: 0.1)
        _ = try loader.batch(step: 0, unit: 0)
        #expect(loader.skipped.map(\.reason) == ["it has no jpg, jpeg, png or webp member"])
    }

    @Test func aMissingCaptionIsUnreadableWhereCaptionsAreLearned() throws {
        let folder = try Self.folder { $0.filter { $0.name != "s3.txt" } }
        let loader = try BatchLoaderTests.loader(folder, Fixture.stage(.lit, batch: 24, unit: 24), skipLimit: 0.1)
        _ = try loader.batch(step: 0, unit: 0)
        #expect(
            loader.skipped.map(\.reason) == [
                "it has no caption (.txt, or the field caption of its .json)"
            ])
        let images = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24))
        _ = try images.batch(step: 0, unit: 0)
        #expect(images.skipped.isEmpty)
    }

    /// A sample that is not as it was indexed is no property of the data: the coordinator says what becomes of it.
    @Test(arguments: [StageKind.mae, .zeroshot])
    func aChangedSampleIsNamedAndExcludedAsIfItsContentWereUnreadable(kind: StageKind) throws {
        let stage = Fixture.stage(kind, batch: 24, unit: 24)
        let folder = try Self.folder { $0 }
        _ = try ShardIndexer.index(folder.path("train.tar"), root: "")
        try folder.shard(
            "train.tar",
            try Fixture.members(24).map { member in
                (member.name, member.name == "s3.png" ? member.data.map { $0 ^ 1 } : member.data)
            })
        let loader = try BatchLoaderTests.loader(folder, stage)
        guard case DataError.unreachable(let found)? = Fixture.error({ _ = try loader.batch(step: 0, unit: 0) }) else {
            Issue.record("a changed sample was read")
            return
        }
        #expect(found.index == 3 && found.sample.member == "s3" && found.sample.shard == folder.path("train.tar"))
        #expect(found.sample.offset > 0 && found.sample.reason.contains("has changed since the shard was indexed"))
        let batch = try loader.batch(step: 0, unit: 0, excluded: [3])
        #expect(loader.skipped.isEmpty)
        let damaged = try Self.folder { $0.map { $0.name == "s3.png" ? ($0.name, []) : $0 } }
        let expected = try BatchLoaderTests.loader(damaged, stage, skipLimit: 0.1).batch(step: 0, unit: 0)
        #expect(batch.samples == expected.samples && batch[.image].floats.array == expected[.image].floats.array)
        if kind == .mae { #expect(batch.slots.contains(found.slot)) }
    }

    @Test func whatTheScanSkippedCountsTowardsTheLimit() throws {
        let folder = try Self.folder { $0.map { $0.name == "s3.png" ? ($0.name, []) : $0 } + [("../x.png", [1])] }
        let strict = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24), skipLimit: 0.05)
        #expect(strict.skipped.map(\.member) == ["../x.png"])
        let sentence = Fixture.sentence { _ = try strict.batch(step: 0, unit: 0) }
        #expect(sentence?.hasPrefix("2 of the 24 samples of split 'train' are unreadable") == true)
        let loose = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24), skipLimit: 0.09)
        #expect(try loose.batch(step: 0, unit: 0).count == 24 && loose.skipped.count == 2)
    }

    @Test func replacementsAreTheSameWhateverWasReadBefore() throws {
        let folder = try Self.folder { $0.map { ["s3.png", "s4.png"].contains($0.name) ? ($0.name, []) : $0 } }
        let one = try BatchLoaderTests.loader(folder, Fixture.stage(.mae), skipLimit: 0.1)
        let other = try BatchLoaderTests.loader(folder, Fixture.stage(.mae), skipLimit: 0.1)
        for unit in 0..<6 { _ = try other.batch(step: UInt64(unit / 2), unit: unit % 2) }
        for unit in (0..<6).reversed() {
            let left = try one.batch(step: UInt64(unit / 2), unit: unit % 2)
            let right = try other.batch(step: UInt64(unit / 2), unit: unit % 2)
            #expect(left.samples == right.samples && left[.image].floats.array == right[.image].floats.array)
        }
        #expect(Set(one.skipped) == Set(other.skipped) && one.skipped.count == 2)
    }

    @Test func moreThanTheLimitStopsTheRun() throws {
        let folder = try Self.folder { $0.map { $0.name == "s3.png" ? ($0.name, []) : $0 } }
        let loader = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24), skipLimit: 0.04)
        let sentence = Fixture.sentence { _ = try loader.batch(step: 0, unit: 0) }
        #expect(
            sentence == """
                1 of the 24 samples of split 'train' are unreadable and its skip_limit allows 0. \
                Repair the shards or raise skip_limit.
                  \(folder.path)/train.tar, s3 at byte 12288: the image is empty
                """)
    }

    @Test func nothingReadableIsAnErrorWhateverTheLimit() throws {
        let folder = try Self.folder { $0.map { $0.name.hasSuffix("png") ? ($0.name, []) : $0 } }
        for kind in [StageKind.mae, .wsp] {
            let loader = try BatchLoaderTests.loader(folder, Fixture.stage(kind), skipLimit: 1)
            #expect(throws: DataError.self) { _ = try loader.batch(step: 0, unit: 0) }
        }
    }

    @Test func skippedSamplesAreListedInTheOrderTheyWereMet() throws {
        let folder = try Self.folder { $0.map { $0.name == "s3.png" ? ($0.name, []) : $0 } }
        try folder.shard("test.tar", try Fixture.members(5).map { $0.name == "s4.png" ? ($0.name, []) : $0 })
        let splits = [
            Fixture.split(["train.tar"], skipLimit: 0.5), Fixture.split(["test.tar"], name: "test", skipLimit: 0.5),
        ]
        let loader = try BatchLoader(
            plan: Fixture.plan(splits), stage: Fixture.stage(.linear), stageIndex: 0, root: folder.path)
        #expect(try loader.batch(step: 0, unit: 7).count == 0)
        #expect(try loader.batch(step: 0, unit: 0).count == 3)
        #expect(loader.skipped.map(\.member) == ["s4", "s3"])
    }

    @Test func aPartThatTheStageDoesNotUseMayBeBad() throws {
        let folder = try Self.folder { $0.map { $0.name == "s3.json" ? ($0.name, [1]) : $0 } }
        let loader = try BatchLoaderTests.loader(folder, Fixture.stage(.mae, batch: 24, unit: 24))
        _ = try loader.batch(step: 0, unit: 0)
        #expect(loader.skipped.isEmpty)
    }

    private static func folder(
        _ change: ([(name: String, data: [UInt8])]) -> [(name: String, data: [UInt8])]
    ) throws -> Folder {
        let folder = try Fixture.folder(count: 24)
        try folder.shard("train.tar", change(try Fixture.members(24)))
        return folder
    }
}
