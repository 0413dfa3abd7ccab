import MawsBase
import Yams

extension StagePlan {
    /// The stage's fields as a plan file has them; only those its kind has.
    var node: Node { .map(common + (trains ? training : []) + task.nodes + (trains ? [] : evaluation)) }

    private var common: [(String, Node?)] {
        [
            ("name", .text(name)), (type(of: task).sourceField, from.map(Node.text)),
            ("weights", weights.map { .text($0.rawValue) }), ("on", .text(on)),
            ("image_size", imageSize.map(Node.number)),
            ("unit", .number(unit)),
        ]
    }

    private var training: [(String, Node?)] {
        [
            ("epochs", steps == nil ? .number(epochs) : nil), ("steps", steps.map(Node.number)),
            ("batch", .number(batch)),
            ("micro_batch", .number(microBatch)),
            ("skip_nonfinite", .number(nonFiniteSkips)),
        ]
            + (recipe?.fields ?? [])
    }

    private var evaluation: [(String, Node?)] { [("eval_crop", evalCrop.node)] }
}

extension RecipePlan {
    fileprivate var fields: [(String, Node?)] {
        [
            ("recipe", .text(preset)), ("learning_rate", .number(schedule.peak)),
            ("schedule", .text(schedule.shape.rawValue)), ("warmup", .number(schedule.warmup)),
        ] + optimizer.fields + [("augment", augment.node)]
    }
}
