import Foundation
import MawsBase
import MawsPlan
import Testing

@Suite struct PlanLoaderTests {
    let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    @Test func everyFieldLeftOutHasItsDefault() throws {
        let plan = try fixture.parse(
            """
            run: runs/a
            data:
              train: {shards: data/train-00.tar, vocabulary: data/vocabulary.tsv, tokenizer: data/tokenizer.model}
              test: {shards: data/test-00.tar}
            model: {image: vit_b16, text: xlmr_base}
            stages:
              - mae
              - wsp:
              - linear: {}
              - lit
              - zeroshot: {templates: data/templates.txt, classes: data/classes.txt}
            """)
        #expect(plan.seed == 0 && plan.precision == .fp32)
        #expect(plan.wire == WirePlan(push: .fp32, gather: .fp32))
        #expect(plan.checkpoint == CheckpointPlan(everySeconds: 300, everySteps: nil, keep: 3))
        #expect(plan.cluster.isLocal && plan.cluster.servers == 2 && plan.cluster.trainers == 2)
        #expect(plan.cluster.leaseSeconds == 60 && plan.cluster.heartbeatTimeoutSeconds == 10)
        #expect(plan.cluster.listen == "127.0.0.1:0")
        #expect(plan.model.image == ImageModelPlan.named("vit_b16"))
        #expect(plan.model.text?.vocabulary == PlanFixture.tokens && plan.model.text?.embedding == 512)
        #expect(plan.stages.map(\.name) == ["mae", "wsp", "linear", "lit", "zeroshot"])
        #expect(plan.stages.map(\.from) == [nil, nil, "wsp", "wsp", "lit"])
        #expect(plan.stages.map(\.on) == ["train", "train", "test", "train", "test"])
        #expect(plan.stages.map(\.batch) == [4096, 8192, 256, 32768, 256])
        #expect(plan.stages.map(\.unit) == [32, 32, 256, 32, 256])
    }

    @Test func stagesHaveTheDefaultsOfTheirKind() throws {
        let plan = try fixture.parse(PlanFixture.plan("decoder: {width: 16, depth: 1, heads: 2}", "norm_pix: true"))
        let mae = try #require(plan.stage("mae"))
        let decoder = DecoderPlan(width: 512, depth: 8, heads: 16)
        #expect(mae[MAETask.self] == MAETask(decoder: decoder, maskRatio: 0.75, normalizesPixels: true))
        #expect(mae.recipe == RecipePreset.first(of: MAETask.self).recipe)
        #expect(plan.stage("wsp")?[WSPTask.self]?.labelCount == 3 && plan.stage("wsp")?.from == "mae")
        #expect(plan.stage("lit")?[LiTTask.self] == LiTTask(labelSmoothing: 0.1, fixedViews: nil))
        #expect(plan.stage("linear")?[LinearTask.self]?.trainSplit == "train")
        #expect(plan.stage("zeroshot")?[ZeroShotTask.self]?.templates == "data/templates.txt")
    }

    @Test func everyValueOfARecipeCanBeReplaced() throws {
        let plan = try fixture.parse(
            PlanFixture.plan(
                "epochs: 2",
                "recipe: paper/mae, steps: 9, learning_rate: 1e-3, schedule: constant, warmup: 0.5, weight_decay: 0, "
                    + "betas: [0.8, 0.99], epsilon: 1e-6, clip: 1.5, augment: {crop: none, flip: false}"))
        let stage = try #require(plan.stage("mae"))
        let recipe = try #require(stage.recipe)
        #expect(recipe.preset == "paper/mae" && stage.steps == 9)
        #expect(recipe.schedule == SchedulePlan(shape: .constant, peak: 1e-3, warmup: 0.5))
        #expect(
            recipe.optimizer
                == OptimizerPlan(beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weightDecay: 0, clipNorm: 1.5))
        #expect(recipe.augment == AugmentPlan(crop: nil, flip: false))
    }

    @Test func oneEndOfACropCanBeReplaced() throws {
        let plan = try fixture.parse(PlanFixture.plan("epochs: 2", "augment: {crop: {scale: [0.5, 0.9]}}"))
        let crop = try #require(plan.stage("mae")?.recipe?.augment.crop)
        #expect(crop == CropPlan(scale: [0.5, 0.9], ratio: [0.75, 1.33]))
    }

    @Test func everyAugmentationCanBeSet() throws {
        let plan = try fixture.parse(
            PlanFixture.plan(
                "from: mae, batch: 64",
                "from: mae, label_smoothing: 0.1, augment: {short_side: 32, interpolation: bilinear, "
                    + "rand_augment: {count: 3}, erase: {probability: 0.25, scale: [0.1, 0.2], ratio: [0.5, 2]}, "
                    + "mixup: 0.8, cutmix: 1}, batch: 64"
            ))
        let stage = try #require(plan.stage("wsp"))
        let augment = try #require(stage.recipe?.augment)
        #expect(stage[WSPTask.self]?.labelSmoothing == 0.1)
        #expect(augment.resize == ResizePlan(shortSide: 32, centerCrop: false, interpolation: .bilinear))
        #expect(augment.crop == CropPlan(scale: [0.08, 1], ratio: [0.75, 1.33]) && augment.flip)
        #expect(augment.randAugment == RandAugmentPlan(count: 3, magnitude: 9))
        #expect(augment.erase == ErasePlan(probability: 0.25, scale: [0.1, 0.2], ratio: [0.5, 2]))
        #expect(augment.mixup == 0.8 && augment.cutmix == 1 && augment.mixes)
    }

    @Test func aPresetOfAugmentationsIsTakenAndChanged() throws {
        for (text, flips) in [("paper/table13", true), ("{preset: paper/table13, flip: false}", false)] {
            let plan = try fixture.parse(
                PlanFixture.plan("from: mae, batch: 64", "from: mae, augment: \(text), batch: 64"))
            var expected = try #require(AugmentPreset.named("paper/table13")).augment
            expected.flip = flips
            #expect(plan.stage("wsp")?.recipe?.augment == expected)
        }
    }

    @Test func evaluationsSeeTheCentreUnlessTheySayOtherwise() throws {
        let plan = try fixture.parse(
            PlanFixture.plan(
                "linear: {from: wsp}", "linear: {from: wsp, eval_crop: {short_side: 32, interpolation: bilinear}}"))
        #expect(
            plan.stage("linear")?.evalCrop
                == ResizePlan(shortSide: 32, centerCrop: true, interpolation: .bilinear))
        #expect(
            plan.stage("zeroshot")?.evalCrop
                == ResizePlan(shortSide: nil, centerCrop: true, interpolation: .bicubic))
    }

    @Test(arguments: [(1, 1), (2, 1), (7, 3), (64, 32)])
    func localTrainersShareTheCores(_ cores: Int, _ threads: Int) throws {
        #expect(try fixture.parse(PlanFixture.plan, cores: cores).cluster.threads == threads)
    }

    @Test func aLocalClusterCanBeSized() throws {
        let text = PlanFixture.plan(
            "seed: 7", "cluster: {local: true, servers: 3, trainers: 4, lease: 500ms, heartbeat: 2m, listen: '[::1]:1'}"
        )
        let cluster = try fixture.parse(text, cores: 16).cluster
        #expect(
            cluster
                == ClusterPlan(
                    isLocal: true, servers: 3, trainers: 4, threads: 4, listen: "[::1]:1", heartbeatTimeoutSeconds: 120,
                    leaseSeconds: 0.5))
    }

    @Test func whoMayReadTheRunIsItsOwnerUnlessThePlanSaysOtherwise() throws {
        let usual = try fixture.parse(PlanFixture.plan)
        #expect(usual.access == nil)
        let open = try fixture.parse(PlanFixture.plan("seed: 7", "seed: 7\nrun_mode: group"))
        #expect(open.access == .group && open.yaml().contains("run_mode: group"))
        #expect(open.differences(from: usual).map(\.mayChange) == [true] && open.fixedJSON == usual.fixedJSON)
        #expect(
            fixture.sentence(PlanFixture.plan("seed: 7", "run_mode: 0755")).hasSuffix(
                "run_mode: expected `private` or `group` or `world`, found `0755`."))
    }

    @Test func whatTrainersComputeWithMayStandInThePlan() throws {
        let usual = try fixture.parse(PlanFixture.plan)
        #expect(usual.computeProfile == nil)
        let text = "onednn; oneDNN 2.6.3; avx2; avx2"
        let fixed = try fixture.parse(PlanFixture.plan("seed: 7", "seed: 7\ncompute_profile: \(text)"))
        #expect(fixed.computeProfile == text && fixed.yaml().contains("compute_profile: \(text)"))
        #expect(fixed.differences(from: usual).map(\.mayChange) == [true] && fixed.fixedJSON == usual.fixedJSON)
        let sentence = fixture.sentence(PlanFixture.plan("seed: 7", "compute_profile: avx2"))
        #expect(sentence.contains("compute_profile: expected a compute profile"), "\(sentence)")
    }

    @Test func aMapOfServersIsARemoteCluster() throws {
        let cluster = try fixture.parse(PlanFixture.plan("seed: 7", "cluster: {servers: 16}")).cluster
        #expect(!cluster.isLocal && cluster.servers == 16 && cluster.trainers == 0 && cluster.threads == 0)
        #expect(cluster.listen == "0.0.0.0:7070")
    }

    @Test func bracePatternsExpandInOrder() throws {
        for shard in ["a8-1", "a8-2", "a9-1", "a9-2", "a10-1", "a10-2"] { try fixture.write("data/\(shard).tar", "") }
        let plan = try fixture.parse(
            PlanFixture.plan("data/train-{00..01}.tar", "['data/a{8..10}-{1..2}.tar', data/train-00.tar]"))
        #expect(
            plan.split("train")?.shards
                == ["a8-1", "a8-2", "a9-1", "a9-2", "a10-1", "a10-2", "train-00"].map { "data/\($0).tar" })
    }

    @Test func aStarStandsForTheFilesThatAreThere() throws {
        for shard in ["a10", "a2", "b1", "a"] { try fixture.write("data/\(shard).tar", "") }
        func shards(_ pattern: String) throws -> [String]? {
            try fixture.parse(PlanFixture.plan("data/train-{00..01}.tar", pattern)).split("train")?.shards
        }
        #expect(try shards("data/a*.tar") == ["data/a.tar", "data/a10.tar", "data/a2.tar"])
        #expect(try shards("['data/b*.tar', 'data/a{2..2}*.tar']") == ["data/b1.tar", "data/a2.tar"])
        #expect(try shards("https://host/a*.tar") == ["https://host/a*.tar"])
    }

    @Test func aPatternWithMissingShardsSaysWhichAreThere() throws {
        try fixture.write("data/x-0000.tar", "")
        func fault(_ pattern: String) -> String {
            do {
                _ = try fixture.parse(PlanFixture.plan("data/train-{00..01}.tar", pattern))
                return "parsed"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            fault("data/x-{0000..0003}.tar").hasSuffix(
                "; of the pattern's 4 files 1 is there, data/x-0000.tar; name these, or write * for the numbers."))
        #expect(fault("data/y-{0000..0003}.tar").hasSuffix("; none of the pattern's 4 files is there."))
        #expect(fault("data/y-*.tar").contains("expected a pattern that files fit, found `data/y-*.tar`"))
    }

    @Test func theCommandLineReplacesSeedAndRun() throws {
        let plan = try fixture.parse(PlanFixture.plan, overrides: PlanOverrides(seed: 42, run: "runs/other"))
        #expect(plan.seed == 42 && plan.run == "runs/other")
        let withoutRun = PlanFixture.plan("run: runs/small\n", "")
        #expect(try fixture.parse(withoutRun, overrides: PlanOverrides(run: "runs/other")).run == "runs/other")
    }

    @Test func anImagePresetCanBeChanged() throws {
        let plan = try fixture.parse(
            PlanFixture.plan(
                "{size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}",
                "{preset: vit_l16, size: 448, mean: [0, 0, 0], std: [1, 1, 1]}"))
        let image = plan.model.image
        #expect(image.preset == "vit_l16" && image.size == 448 && image.width == 1024 && image.gridSide == 28)
        #expect(image.mean == [0, 0, 0] && image.std == [1, 1, 1])
        #expect(plan.model.text?.embedding == 16)
    }

    @Test func bothArmsOfAComparisonFitOnePlan() throws {
        let plan = try fixture.parse(
            PlanFixture.plan(
                "  - linear: {from: wsp}",
                "  - wsp: {name: wsp-alone, batch: 64, unit: 16}\n  - linear: {from: wsp-alone}\n"
                    + "  - linear: {name: linear-both, from: wsp, train_split: test, unit: 8}"))
        #expect(plan.stage("wsp-alone")?.from == nil)
        #expect(plan.stage("linear-both")?.needs.trainSplit == "test" && plan.stage("linear-both")?.batch == 8)
    }
}
