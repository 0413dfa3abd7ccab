import MawsBase
import MawsPlan
import Testing

@Suite struct PlanPresetTests {
    /// Table 1 of the paper: layers, width, MLP, heads, parameters; patch 16 up to ViT-L, 14 above. Its 307 M for ViT-L
    /// are those of Dosovitskiy et al., 2021; the tower without any head has 303 M.
    @Test(arguments: [
        ("vit_b16", 16, 12, 768, 3072, 12, 86.0e6), ("vit_l16", 16, 24, 1024, 4096, 16, 307e6),
        ("vit_h14", 14, 32, 1280, 5120, 16, 632e6), ("vit_2b14", 14, 24, 2560, 10240, 32, 1.89e9),
        ("vit_6.5b14", 14, 32, 4096, 16384, 32, 6.44e9),
    ])
    func imagePresetsAreThoseOfTheTable(
        _ name: String, _ patch: Int, _ depth: Int, _ width: Int, _ mlp: Int, _ heads: Int, _ parameters: Double
    ) throws {
        let model = try #require(ImageModelPlan.named(name))
        #expect(model.patch == patch && model.depth == depth && model.width == width)
        #expect(model.mlp == mlp && model.heads == heads && model.size == 224 && model.channels == 3)
        #expect(abs(Double(model.parameterCount) - parameters) / parameters < 0.0125)
    }

    /// timm's counts without the classification head.
    @Test(arguments: [
        ("vit_ti16", 5_524_416), ("vit_s16", 21_665_664), ("vit_b16", 85_798_656), ("vit_l16", 303_301_632),
    ])
    func imageParametersAreCountedAsTimmDoes(_ name: String, _ count: Int) {
        #expect(ImageModelPlan.named(name)?.parameterCount == count)
    }

    @Test func unknownPresetsAreNil() {
        #expect(ImageModelPlan.named("vit_b32") == nil)
        #expect(TextModelPlan.named("xlmr_huge", imageWidth: 768) == nil)
        #expect(!RecipePreset.all.contains { $0.name == "paper/bert" })
    }

    @Test func textPresetsAreXLMRWithThePapersContext() throws {
        let base = try #require(TextModelPlan.named("xlmr_base", imageWidth: 768))
        #expect(base.width == 768 && base.depth == 12 && base.heads == 12 && base.mlp == 3072)
        #expect(base.vocabulary == 250_002 && base.context == 102)
        let large = try #require(TextModelPlan.named("xlmr_large", imageWidth: 1024))
        #expect(large.width == 1024 && large.depth == 24 && large.heads == 16 && large.mlp == 4096)
    }

    /// Appendix A: 512, 768 and 1024 for ViT-B, ViT-L and ViT-H, 2048 for ViT-2B.
    @Test(arguments: [("vit_b16", 512), ("vit_l16", 768), ("vit_h14", 1024), ("vit_2b14", 2048)])
    func theSharedSpaceIsThePapers(_ image: String, _ embedding: Int) throws {
        let width = try #require(ImageModelPlan.named(image)).width
        #expect(TextModelPlan.named("xlmr_base", imageWidth: width)?.embedding == embedding)
    }

    @Test func maeRecipeIsTable10() {
        let preset = RecipePreset.first(of: MAETask.self)
        #expect(preset.name == "paper/mae" && preset.epochs == 1 && preset.batch == 4096)
        #expect(preset.recipe.schedule == SchedulePlan(shape: .cosine, peak: 2.4e-3, warmup: 0.05))
        #expect(preset.recipe.optimizer.weightDecay == 0.05)
        #expect(preset.recipe.augment.crop == CropPlan(scale: [0.2, 1], ratio: [0.75, 1.33]))
    }

    @Test func wspRecipeIsTable11() {
        let preset = RecipePreset.first(of: WSPTask.self)
        #expect(preset.name == "paper/wsp" && preset.epochs == 1 && preset.batch == 8192)
        #expect(preset.recipe.schedule == SchedulePlan(shape: .linear, peak: 4e-4, warmup: 0.05))
        #expect(preset.recipe.optimizer.weightDecay == 0.1)
        #expect(preset.recipe.augment.crop == CropPlan(scale: [0.08, 1], ratio: [0.75, 1.33]))
    }

    @Test func litRecipeIsTable12() {
        let preset = RecipePreset.first(of: LiTTask.self)
        #expect(preset.name == "paper/lit" && preset.epochs == 1 && preset.batch == 32768)
        #expect(preset.recipe.schedule == SchedulePlan(shape: .cosine, peak: 2e-4, warmup: 0.04))
        #expect(preset.recipe.optimizer.weightDecay == 0.1)
        #expect(preset.recipe.augment.crop == CropPlan(scale: [0.9, 1], ratio: [0.75, 1.33]))
    }

    /// Which of the rows "Augmentations" each table has: RandAugment's count and magnitude, mixup, CutMix.
    @Test(
        arguments: [
            ("paper/table10", 0.2, nil, nil, nil), ("paper/table11", 0.08, nil, nil, nil),
            ("paper/table12", 0.9, nil, nil, nil), ("paper/table13", 0.08, [2, 9], 0.5, nil),
            ("paper/table14", 0.08, nil, 0.8, 1), ("paper/table15", 0.08, nil, 0.1, nil),
            ("paper/table16", 0.08, [5, 7], 0.8, 1), ("paper/table17", 0.08, nil, 0.1, nil),
        ] as [(String, Double, [Int]?, Double?, Double?)])
    func augmentationsAreThoseOfTheTables(
        _ name: String, _ crop: Double, _ randAugment: [Int]?, _ mixup: Double?, _ cutmix: Double?
    ) throws {
        let augment = try #require(AugmentPreset.named(name)).augment
        #expect(augment.crop == CropPlan(scale: [crop, 1], ratio: [0.75, 1.33]))
        #expect(augment.randAugment.map { [$0.count, $0.magnitude] } == randAugment)
        #expect(augment.mixup == mixup && augment.cutmix == cutmix)
        let isShortened = ["paper/table16", "paper/table17"].contains(name)
        #expect(augment.resize.shortSide == (isShortened ? 256 : nil) && augment.resize.interpolation == .bicubic)
        #expect((augment.erase != nil) == (name == "paper/table16") && augment.flip == (name != "paper/table16"))
    }

    private static let first = StageKinds.all.filter { $0.trains }.map { RecipePreset.first(of: $0) }

    @Test func recipesAugmentAsTheirTablesDo() {
        for (preset, table) in zip(Self.first, [10, 11, 12]) {
            #expect(preset.recipe.augment == AugmentPreset.named("paper/table\(table)")?.augment)
        }
    }

    @Test func imageNet21kRecipeIsTable13() throws {
        let preset = try #require(WSPTask.recipes.first { $0.name == "paper/wsp-in21k" })
        #expect(preset.epochs == 90 && preset.batch == 4096)
        #expect(preset.recipe.schedule == SchedulePlan(shape: .cosine, peak: 1e-3, warmup: 0.033))
        #expect(preset.recipe.optimizer.weightDecay == 0.1 && preset.recipe.optimizer.clipNorm == 1)
        #expect(preset.recipe.augment == AugmentPreset.named("paper/table13")?.augment)
        let heads = try ["paper/wsp-in21k", "paper/wsp"].map { name in
            let plan = try PlanFixture().parse(PlanFixture.plan("from: mae,", "from: mae, recipe: \(name),"))
            return plan.stage("wsp")?[WSPTask.self]?.head
        }
        #expect(heads == [.linear, .mlp])
    }

    @Test(arguments: Self.first)
    func pretrainingRecipesShareMomentumFlipAndNoClipping(_ preset: RecipePreset) {
        let optimizer = preset.recipe.optimizer
        #expect(optimizer.rule == .adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8))
        #expect(optimizer.clipNorm == nil && preset.recipe.augment.flip)
    }
}
