import Foundation
import MawsPlan
import Testing

/// Fields that earlier versions called otherwise.
@Suite struct FormerNamesTests {
    private let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    @Test(arguments: [
        ("size: 28, ", "size: 28, deviation: [0.5], ", 12, "model.image.deviation", "std"),
        ("linear: {from: wsp}", "linear: {from: wsp, fit_on: test}", 17, "stages.linear.fit_on", "train_split"),
        ("linear: {from: wsp}", "linear: {from: wsp, framing: {}}", 17, "stages.linear.framing", "eval_crop"),
        ("lit: {image: wsp,", "lit: {image: wsp, views: 2,", 18, "stages.lit.views", "fixed_views"),
    ])
    func whoWritesAFormerNameIsToldTheNameOfToday(
        old: String, new: String, line: Int, field: String, today: String
    ) {
        #expect(
            fixture.sentence(PlanFixture.plan(old, new))
                == "plan.yaml:\(line): \(field): this field is called `\(today)` by now.")
    }

    /// Reports and later runs read the `plan.yaml` of runs that an earlier version made.
    @Test func whatAnEarlierVersionWroteIntoARunsFolderIsRead() throws {
        // A split may be called as a field once was.
        let text = PlanFixture.plan("  test:", "  views:").replacing("- linear: {from: wsp}", with: "")
            .replacing("lit: {image: wsp,", with: "lit: {image: wsp, fixed_views: 3,")
            .replacing("templates: ", with: "on: views, templates: ")
        let plan = try fixture.parse(text + "\n  - linear: {from: wsp, on: views, train_split: views}")
        var earlier = plan.yaml()
        for (today, former) in [
            ("train_split:", "fit_on:"), ("eval_crop:", "framing:"), ("fixed_views:", "views:"), ("std:", "deviation:"),
        ] {
            #expect(earlier.contains(today))
            earlier = earlier.replacing(today, with: former)
        }
        try fixture.write("plan.yaml", earlier)
        #expect(try PlanLoader.loadResolved(path: "\(fixture.root)/plan.yaml") == plan)
    }

    /// A field of no kind that has it by now is no former name there.
    @Test func aFormerNameWhereTheFieldNeverWasIsAnUnknownField() {
        #expect(
            fixture.sentence(PlanFixture.plan("epochs: 2", "epochs: 2, fit_on: test"))
                .contains("stages.mae.fit_on: there is no such field"))
    }
}
