import MawsBase
import MawsPlan
import Testing

@Suite struct OptimizerPlanTests {
    let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    /// The recipe of an mae stage with these fields.
    private func recipe(_ fields: String) throws -> RecipePlan {
        try #require(try fixture.parse(PlanFixture.plan("epochs: 2", fields)).stage("mae")?.recipe)
    }

    @Test func aStageThatNamesNoOptimizerHasItsRecipesAdamW() throws {
        for fields in ["epochs: 2", "optimizer: {kind: adamw}", "optimizer: {}"] {
            let optimizer = try recipe(fields).optimizer
            #expect(optimizer.rule == .adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8))
            #expect(optimizer.weightDecay == 0.05 && optimizer.average == nil)
            #expect(optimizer.slots == WeightSlot.adamw())
        }
    }

    @Test func sgdHasTorchsDefaultsAndNothingOfTheRecipesAdamW() throws {
        let recipe = try recipe("optimizer: {kind: sgd}")
        #expect(recipe.optimizer.rule == .sgd(momentum: 0, isNesterov: false))
        #expect(recipe.optimizer.weightDecay == 0 && recipe.schedule.peak == 1e-3)
        #expect(recipe.optimizer.slots.isEmpty)
    }

    @Test func everyFieldOfSGDAndOfAnAverageCanBeSaid() throws {
        let recipe = try recipe(
            "learning_rate: 0.1, clip: 2, ema: {decay: 0.99, warmup: true}, "
                + "optimizer: {kind: sgd, momentum: 0.9, nesterov: true, weight_decay: 1e-4, moments: int8}")
        #expect(recipe.optimizer.rule == .sgd(momentum: 0.9, isNesterov: true))
        #expect(recipe.optimizer.weightDecay == 1e-4 && recipe.optimizer.clipNorm == 2 && recipe.schedule.peak == 0.1)
        #expect(recipe.optimizer.average == AverageConfiguration(decay: 0.99, warmsUp: true))
        #expect(
            recipe.optimizer.slots == [
                WeightSlot("momentum_buffer", .int8, .momentum), WeightSlot("ema", .fp32, .weightAverage),
            ])
    }

    @Test func adamWsFieldsMayStandInTheOptimizerOrBesideIt() throws {
        let inside = try recipe("optimizer: {betas: [0.8, 0.99], epsilon: 1e-6, weight_decay: 0.2, moments: bf16}")
        #expect(try inside == recipe("betas: [0.8, 0.99], epsilon: 1e-6, weight_decay: 0.2, moments: bf16"))
    }

    @Test func anAverageHasTimmsDecayWhereThePlanNamesNone() throws {
        #expect(try recipe("ema: {}").optimizer.average == AverageConfiguration(decay: 0.9999, warmsUp: false))
    }

    /// What an average, a momentum or no slot at all takes of servers' disks.
    @Test func slotsAreCounted() throws {
        let bytes = try ["epochs: 2", "ema: {}", "optimizer: {kind: sgd}", "optimizer: {kind: sgd, momentum: 0.9}"].map
        {
            let plan = try fixture.parse(PlanFixture.plan("epochs: 2", $0))
            let stage = try #require(plan.stage("mae"))
            return StageCost(plan: plan, stage: stage, parameters: 1000, trainable: 900).slotBytes
        }
        #expect(bytes == [7200, 10800, 0, 3600])
    }

    @Test func aStageMayStartFromTheAverageOfAnother() throws {
        let average = PlanFixture.plan("epochs: 2", "epochs: 2, ema: {}")
        #expect(try fixture.parse(average).stage("wsp")?.weights == nil)
        let plan = try fixture.parse(average.replacing("from: mae,", with: "from: mae, weights: ema,"))
        #expect(plan.stage("wsp")?.weights == .ema)
        #expect(try fixture.parse(plan.yaml()) == plan)
        #expect(try Plan(json: plan.json()) == plan)
        let last = try fixture.parse(average.replacing("from: mae,", with: "from: mae, weights: last,"))
        #expect(last.canonicalJSON == (try fixture.parse(average).canonicalJSON))
    }

    @Test func aChangeOfTheOptimizerIsNamed() throws {
        let old = try fixture.parse(PlanFixture.plan)
        let new = try fixture.parse(PlanFixture.plan("epochs: 2", "epochs: 2, ema: {decay: 0.5}"))
        #expect(
            new.differences(from: old).map(\.description) == [
                "stages.mae.ema.decay was not there, is now 0.5", "stages.mae.ema.warmup was not there, is now false",
            ])
    }

    /// The hash of a plan, which checkpoints hold, is made of this.
    @Test func adamWIsCodedAsItWasBeforeThereWereOthers() throws {
        let json = try fixture.parse(PlanFixture.plan).json()
        #expect(
            json.contains(
                #""optimizer":{"beta1":0.9,"beta2":0.95,"epsilon":1e-08,"moments":"fp32","weightDecay":0.05}"#))
    }
}
