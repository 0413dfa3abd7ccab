import MawsBase
import Yams

extension StagePlan {
    /// The stage's fields as a plan file has them; only those its kind has.
    var node: Node { .map(common + (kind.trains ? training : []) + special) }

    private var common: [(String, Node?)] {
        [
            ("name", .text(name)), (kind == .lit ? "image" : "from", from.map(Node.text)), ("on", .text(on)),
            ("fit_on", fitOn.map(Node.text)), ("unit", .number(unit)),
        ]
    }

    private var training: [(String, Node?)] {
        [
            ("epochs", .number(epochs)), ("steps", steps.map(Node.number)), ("batch", .number(batch)),
            ("micro_batch", .number(microBatch)),
            ("skip_nonfinite", .number(nonFiniteSkips)),
        ]
            + (recipe?.fields ?? [])
    }

    private var special: [(String, Node?)] {
        switch kind {
        case .mae:
            [
                ("decoder", decoder?.node), ("mask_ratio", .number(maskRatio)),
                ("norm_pix", .flag(normalizesPixels)),
            ]
        case .wsp:
            [
                ("labels", .number(labelCount)), ("head", .text(head.rawValue)),
                ("label_smoothing", .number(labelSmoothing)),
            ]
        case .lit: [("label_smoothing", .number(labelSmoothing)), ("views", views.map(Node.number))]
        case .linear: [("penalty", .number(penalty)), ("framing", framing.node)]
        case .zeroshot:
            [
                ("templates", templates.map(Node.text)), ("classes", classes.map(Node.text)), ("framing", framing.node),
            ]
        }
    }
}

extension DecoderPlan {
    fileprivate var node: Node {
        .map([
            ("width", .number(width)), ("depth", .number(depth)), ("heads", .number(heads)),
            ("micro_batch", microBatch.map(Node.number)),
        ])
    }
}

extension RecipePlan {
    fileprivate var fields: [(String, Node?)] {
        [
            ("recipe", .text(preset)), ("learning_rate", .number(schedule.peak)),
            ("schedule", .text(schedule.shape.rawValue)), ("warmup", .number(schedule.warmup)),
        ] + optimizer.fields + [("augment", augment.node)]
    }
}
