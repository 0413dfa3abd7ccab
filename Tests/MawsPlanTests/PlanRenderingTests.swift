import Foundation
import MawsPlan
import Testing

@Suite struct PlanRenderingTests {
    let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    static let variants = [
        PlanFixture.plan,
        PlanFixture.plan("seed: 7", "seed: 18446744073709551\ncluster: {servers: 3, lease: 90s}"),
        PlanFixture.plan("run: runs/small", "run: 'null'\ncheckpoint: {steps: 7, every: 1500ms, keep: 9}"),
        PlanFixture.plan("run: runs/small", "run: '# a: [folder'\nwire: {push: fp32-zstd}"),
        PlanFixture.plan("{size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}", "vit_6.5b14"),
        PlanFixture.plan("{width: 16, depth: 1, heads: 2, context: 8, embedding: 16}", "xlmr_large"),
        PlanFixture.plan("epochs: 2", "learning_rate: 1e-9, clip: 0.1, steps: 3, augment: {crop: none, flip: false}"),
        PlanFixture.plan("epochs: 2", "augment: {center_crop: true, short_side: 30, rand_augment: {}, erase: {}}"),
        PlanFixture.plan("from: mae, batch: 64", "from: mae, augment: paper/table16, label_smoothing: 0.1, batch: 64"),
        PlanFixture.plan("linear: {from: wsp}", "linear: {from: wsp, eval_crop: {center_crop: false}}"),
        PlanFixture.plan("epochs: 2", "epochs: 0.3, betas: [0.123456789, 0], norm_pix: false, mask_ratio: 0.6"),
        PlanFixture.plan("epochs: 2", "epochs: 3, moments: int8"),
        PlanFixture.plan("epochs: 2", "optimizer: {kind: sgd}, ema: {decay: 0.9}"),
        PlanFixture.plan(
            "epochs: 2", "optimizer: {kind: sgd, momentum: 0.9, nesterov: true, moments: bf16}, ema: {warmup: true}"),
        PlanFixture.plan("lit: {image: wsp,", "lit: {image: wsp, fixed_views: 3,"),
    ]

    @Test(arguments: variants) func aResolvedPlanLoadsBackToItself(_ text: String) throws {
        let plan = try fixture.parse(text)
        let resolved = plan.yaml()
        #expect(try fixture.parse(resolved, cores: 99) == plan)
        #expect(try fixture.parse(resolved).yaml() == resolved)
    }

    @Test(arguments: variants) func aResolvedPlanLoadsWithoutItsData(_ text: String) throws {
        let plan = try fixture.parse(text)
        try fixture.write("plan.yaml", plan.yaml())
        try FileManager.default.removeItem(atPath: "\(fixture.root)/data")
        #expect(try PlanLoader.loadResolved(path: "\(fixture.root)/plan.yaml") == plan)
    }

    @Test(arguments: variants) func aPlanSurvivesTheWire(_ text: String) throws {
        let plan = try fixture.parse(text)
        let received = try Plan(json: plan.json())
        #expect(received == plan)
        #expect(received.canonicalJSON == plan.canonicalJSON)
    }

    @Test func theResolvedPlanReadsLikeAPlanFile() throws {
        let lines = try fixture.parse(PlanFixture.plan).yaml().split(separator: "\n").map(String.init)
        #expect(Array(lines.prefix(5)) == ["run: runs/small", "seed: 7", "cluster:", "  local: true", "  servers: 2"])
        #expect(lines.contains { $0.hasSuffix("betas: [0.9, 0.95]") })
        #expect(lines.contains { $0.hasSuffix("- data/train-01.tar") })
    }

    @Test func whatChangedIsNamedFieldByField() throws {
        let old = try fixture.parse(PlanFixture.plan)
        let new = try fixture.parse(
            PlanFixture.plan("batch: 64, unit: 16, epochs: 2", "batch: 32, unit: 16, steps: 5"))
        #expect(old.differences(from: old) == [])
        #expect(
            new.differences(from: old).map(\.description)
                == [
                    "stages.mae.steps was not there, is now 5", "stages.mae.batch was 64, is now 32",
                    "stages.mae.epochs was 2, is now not there",
                ])
        #expect(
            old.differences(from: new).map(\.description)
                == [
                    "stages.mae.epochs was not there, is now 2", "stages.mae.batch was 32, is now 64",
                    "stages.mae.steps was 5, is now not there",
                ])
    }

    @Test func aRunResumesWithAnotherClusterButNotWithAnotherRecipe() throws {
        let old = try fixture.parse(PlanFixture.plan)
        let moved = try fixture.parse(
            PlanFixture.plan(
                "seed: 7",
                "seed: 7\ncluster: {local: true, servers: 5}\ncheckpoint: {keep: 1}\nwire: {push: fp32-zstd}"),
            overrides: PlanOverrides(run: "runs/moved"))
        let harmless = moved.differences(from: old)
        #expect(!harmless.isEmpty && !harmless.contains { !$0.mayChange })
        #expect(moved.fixedJSON == old.fixedJSON && moved.canonicalJSON != old.canonicalJSON)

        let narrowed = try fixture.parse(PlanFixture.plan("epochs: 2", "epochs: 2, moments: bf16"))
        #expect(narrowed.differences(from: old).map(\.mayChange) == [false])
        let reseeded = try fixture.parse(PlanFixture.plan, overrides: PlanOverrides(seed: 8))
        #expect(reseeded.fixedJSON != old.fixedJSON)
        let changes = reseeded.differences(from: old)
        #expect(changes == [PlanDifference(field: "seed", old: "7", new: "8", mayChange: false)])
    }

    @Test func aStageTakenOutShowsInTheOrderAndInItsFields() throws {
        let old = try fixture.parse(PlanFixture.plan)
        let new = try fixture.parse(PlanFixture.plan("  - linear: {from: wsp}\n", ""))
        let changes = new.differences(from: old).map(\.description)
        #expect(changes.first == "stages was [mae, wsp, linear, lit, zeroshot], is now [mae, wsp, lit, zeroshot]")
        #expect(changes.contains("stages.linear.kind was linear, is now not there"))
    }

    @Test func aLongListIsShortenedInTheSentence() throws {
        let names = (0..<40).map { String(format: "%02d", $0) }
        for name in names { try fixture.write("data/train-\(name).tar", "") }
        let change = try #require(
            try fixture.parse(PlanFixture.plan("{00..01}", "{00..39}")).differences(
                from: try fixture.parse(PlanFixture.plan)
            ).first)
        #expect(change.field == "data.train.shards")
        #expect(change.description.hasSuffix("data/train-02.tar, da … (760 characters)"), "\(change)")
    }
}
