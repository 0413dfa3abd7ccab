import MawsPlan
import Testing

@Suite struct PlanCostTests {
    /// 17.6 G multiply-adds in DeiT (Touvron et al., 2021), which is 17.56 G before rounding; two operations each.
    @Test func vitB16CostsWhatTheLiteratureSays() throws {
        let model = try #require(ImageModelPlan.named("vit_b16"))
        let operations = ModelCost.imageForward(model)
        #expect(abs(operations - 35.1e9) < 0.05e9)
    }

    /// fvcore's counts for DeiT-Ti and DeiT-S: 1.26 G and 4.61 G multiply-adds.
    @Test(arguments: [("vit_ti16", 1.26e9), ("vit_s16", 4.61e9)])
    func smallerPresetsCostWhatTheLiteratureSays(_ name: String, _ multiplyAdds: Double) throws {
        let model = try #require(ImageModelPlan.named(name))
        #expect(abs(ModelCost.imageForward(model) / 2 - multiplyAdds) / multiplyAdds < 0.01)
    }

    /// PyTorch's FlopCounterMode on timm's ViT, by Scripts/golden-flops.py; the larger five are the paper's Table 1.
    @Test(
        arguments: [
            ("vit_ti16", 2_506_982_400), ("vit_s16", 9_196_996_608), ("vit_b16", 35_126_120_448),
            ("vit_l16", 123_107_377_152), ("vit_h14", 334_587_658_240), ("vit_2b14", 987_145_420_800),
            ("vit_6.5b14", 3_347_281_608_704),
        ] as [(String, Double)])
    func everyPresetCostsWhatPyTorchCounts(_ name: String, _ operations: Double) throws {
        let model = try #require(ImageModelPlan.named(name))
        #expect(ModelCost.imageForward(model) == operations)
    }

    @Test func hidingPatchesMakesMAECheaperThanWSP() throws {
        let fixture = try PlanFixture()
        let plan = try fixture.parse(
            PlanFixture.plan("{size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}", "vit_l16"))
        let mae = try #require(plan.stage("mae"))
        let wsp = try #require(plan.stage("wsp"))
        #expect(mae[MAETask.self]?.visiblePatches(plan.model.image) == 49)
        let cost = StageCost(plan: plan, stage: mae, parameters: 10, trainable: 8)
        let full = StageCost(plan: plan, stage: wsp, parameters: 10, trainable: 10)
        #expect(cost.operationsPerSample < full.operationsPerSample / 3)
    }

    @Test func aKnownViewCostsNoImageTower() throws {
        let plan = try PlanFixture().parse(PlanFixture.plan)
        let cost = StageCost(plan: plan, stage: try #require(plan.stage("lit")), parameters: 10, trainable: 8)
        #expect(cost.operationsPerSample - cost.operationsPerKnownView == ModelCost.imageForward(plan.model.image))
    }

    @Test func bytesFollowFromTheTable() throws {
        let plan = try PlanFixture().parse(PlanFixture.plan)
        let cost = StageCost(plan: plan, stage: try #require(plan.stage("mae")), parameters: 1000, trainable: 600)
        #expect(cost.gatherBytesPerStep == 2400 && cost.gatherBytesOnce == 1600)
        #expect(cost.pushBytesPerStep == 4 * 2400)
        #expect(cost.stateBytes == 4 * (400 + 4 * 600))
    }

    /// A unit of 4 captions of 8 tokens has a gradient of 32 of the 123 words at most; one of 16 may have all.
    @Test func aWordTablesGradientCostsTheRowsThatAUnitReads() throws {
        for (unit, left) in [(4, 123 - 32), (16, 0)] {
            let text = PlanFixture.plan("image: wsp, batch: 64, unit: 16", "image: wsp, batch: 64, unit: \(unit)")
            let plan = try PlanFixture().parse(text)
            let stage = try #require(plan.stage("lit"))
            let cost = StageCost(plan: plan, stage: stage, parameters: 9000, trainable: 8000)
            #expect(cost.pushBytesPerStep == 4 * (8000 - left * 16) * (64 / unit))
        }
    }

    /// Two units of 2 captions of 8 tokens read 32 words at most; four of them may read more than half of the table.
    @Test func aSumOfUnitsCostsTheRowsThatAllOfThemRead() throws {
        let text = PlanFixture.plan("image: wsp, batch: 64, unit: 16", "image: wsp, batch: 64, unit: 2")
        let plan = try PlanFixture().parse(text)
        let cost = StageCost(plan: plan, stage: try #require(plan.stage("lit")), parameters: 9000, trainable: 8000)
        let bytes = [1, 2, 4].map { cost.pushBytes(units: $0) }
        #expect(bytes == [4 * (8000 - 107 * 16), 4 * (8000 - 91 * 16), 4 * 8000])
    }

    /// One block of width 2 and MLP 8 over three tokens, by hand: 3 · (4·2·2 + 2·2·8) + 2·3·3·2 = 180 multiply-adds.
    @Test func aBlockIsCountedByHand() {
        #expect(ModelCost.blocks(tokens: 3, width: 2, mlp: 8, depth: 1) == 360)
    }
}
