import MawsData
import MawsDataTestSupport
import MawsImages
import MawsPlan
import MawsTensor
import Testing

@Suite struct MixingTests {
    private func batch(_ golden: GoldenAugment) -> UnitBatch {
        let image = InputSpecification(.image, .image, shape: [1, 16, 16], element: .float32)
        return UnitBatch(
            slots: [0, 1, 2], samples: [0, 1, 2],
            inputs: [UnitInput(image, FloatBuffer(golden.mixing.batch.floats).all)],
            target: LabelTarget([[0], [1], [2]]))
    }

    private func targets(_ batch: UnitBatch) -> [Float] {
        (0..<3).flatMap { row in
            var target = [Float](repeating: 0, count: 3)
            for soft in batch.target(as: LabelTarget.self).softLabels(of: row) {
                target[soft.label] += Float(soft.weight)
            }
            return target
        }
    }

    private func isNear(_ left: [Float], _ right: [Float]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 }
    }

    @Test func mixupIsTorchvisions() throws {
        let golden = try GoldenAugment.load()
        for one in golden.mixing.mixup {
            var batch = batch(golden)
            batch.mix(.mixup(lambda: one.share))
            #expect(batch[.image].floats.array == one.images.floats, "share \(one.share)")
            #expect(isNear(targets(batch), one.labels.floats), "share \(one.share)")
        }
    }

    @Test func cutmixIsTorchvisions() throws {
        let golden = try GoldenAugment.load()
        for one in golden.mixing.cutmix {
            var batch = batch(golden)
            let box = UnitMixing.box(lambda: one.share, x: one.x, y: one.y, size: 16)
            #expect([box.x, box.y, box.x + box.width, box.y + box.height] == one.box)
            batch.mix(.cutmix(box))
            #expect(batch[.image].floats.array == one.images.floats, "box \(one.box)")
            #expect(isNear(targets(batch), one.labels.floats), "box \(one.box)")
            #expect(abs(batch.target(as: LabelTarget.self).mixLambda - one.kept) < 1e-12)
        }
    }

    @Test func aUnitIsMixedFromItsOwnSamplesAlone() throws {
        let folder = try Fixture.folder(count: 24)
        var augment = AugmentPlan(crop: nil, flip: false)
        augment.mixup = 0.8
        let plain = try BatchLoaderTests.loader(folder, Fixture.stage(.wsp))
        let mixing = try BatchLoaderTests.loader(folder, Fixture.stage(.wsp, augment: augment))
        var shares: Set<Double> = []
        for unit in 0..<2 {
            let (one, mixed) = (try plain.batch(step: 1, unit: unit), try mixing.batch(step: 1, unit: unit))
            let (target, pixels) = (mixed.target(as: LabelTarget.self), one[.image].floats)
            shares.insert(target.mixLambda)
            for row in 0..<4 {
                let (own, partner) = (pixels[row * 64], pixels[UnitMixing.partner(of: row, count: 4) * 64])
                let expected = Float(target.mixLambda) * own + Float(1 - target.mixLambda) * partner
                #expect(abs(mixed[.image].floats[row * 64] - expected) < 1e-6)
            }
            #expect(target.labels == one.target(as: LabelTarget.self).labels)
            let again = try mixing.batch(step: 1, unit: unit)
            #expect(again[.image].floats.array == mixed[.image].floats.array)
        }
        #expect(shares.count == 2)
    }

    @Test func bothKindsOfMixingTakeTurns() throws {
        var augment = AugmentPlan(crop: nil, flip: false)
        (augment.mixup, augment.cutmix) = (0.8, 1)
        let mixing = try #require(UnitMixing(augment, seed: 1, stageIndex: 0))
        let mixups = (0..<1000).count { unit in
            if case .mixup = mixing.draw(firstSlot: UInt64(unit), size: 16) { true } else { false }
        }
        #expect((420...580).contains(mixups))
        augment.mixup = nil
        let cutmix = try #require(UnitMixing(augment, seed: 1, stageIndex: 0))
        for unit in 0..<100 {
            guard case .cutmix = cutmix.draw(firstSlot: UInt64(unit), size: 16) else {
                Issue.record("mixup was drawn, which the plan does not have")
                return
            }
        }
    }

    @Test func aStageDrawsEveryOperationOfItsPlan() throws {
        let folder = try Fixture.folder(count: 24)
        var augment = AugmentPlan(crop: nil, flip: false)
        augment.randAugment = RandAugmentPlan(count: 1, magnitude: 30)
        let stage = Fixture.stage(.mae, batch: 2400, unit: 2400, augment: augment)
        let batch = try BatchLoaderTests.loader(folder, stage).batch(step: 0, unit: 0)
        // Identity, colour, contrast, sharpness and the stretches leave an image of one grey as it is.
        let changed = (0..<2400).count { row in
            let pixels = batch[.image].floats.part(row * 64, 64).array
            return pixels != [Float](repeating: Float(batch.samples[row]) / 255, count: 64)
        }
        #expect((1000...1500).contains(changed), "\(changed)")
    }
}
