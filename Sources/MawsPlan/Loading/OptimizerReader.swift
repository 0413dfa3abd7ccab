import MawsBase

/// Reads a training stage's optimizer: `optimizer`, the fields of AdamW that stand beside it, `clip` and `ema`.
struct OptimizerReader {
    private enum Kind: String, CaseIterable {
        case adamw, sgd
    }

    /// The stage's fields.
    private let map: PlanMap
    /// Those of `optimizer`.
    private let own: PlanMap?
    private let kind: Kind

    /// Fields of a stage that are read here.
    static let fields = ["optimizer", "weight_decay", "betas", "epsilon", "clip", "moments", "ema"]

    init(_ map: PlanMap) throws(PlanError) {
        self.map = map
        guard let node = map["optimizer"] else {
            (own, kind) = (nil, .adamw)
            return
        }
        let own = try PlanMap(node, expected: "a map of `kind` and what that kind of optimizer has")
        try own.allow(["kind", "betas", "epsilon", "momentum", "nesterov", "weight_decay", "moments"])
        self.own = own
        kind = try own["kind"]?.choice(of: Kind.self) ?? .adamw
    }

    /// Whether a recipe's learning rate is for this optimizer.
    var isPresets: Bool { kind == .adamw }

    /// - Parameter preset: AdamW's constants.
    func optimizer(_ preset: OptimizerPlan) throws(PlanError) -> OptimizerPlan {
        var optimizer = preset
        switch kind {
        case .adamw: try readAdamW(&optimizer)
        case .sgd: optimizer = OptimizerPlan(try sgd(), weightDecay: 0, clipNorm: preset.clipNorm)
        }
        if let node = try field("weight_decay") {
            optimizer.weightDecay = try node.number("a number of at least 0") { $0 >= 0 }
        }
        if let node = map["clip"] {
            optimizer.clipNorm =
                node.scalar == "none" ? nil : try node.number("a gradient norm above 0, or `none`") { $0 > 0 }
        }
        if let node = try field("moments") {
            optimizer.moments = try node.choice(of: MomentEncoding.self)
            guard !optimizer.rule.slots.isEmpty else {
                throw .conflict(node.place, problem: "sgd without a `momentum` keeps none")
            }
        }
        optimizer.average = try average()
        return optimizer
    }

    private func readAdamW(_ optimizer: inout OptimizerPlan) throws(PlanError) {
        try refuse(["momentum", "nesterov"], of: .sgd)
        guard case .adamw(var beta1, var beta2, var epsilon) = optimizer.rule else { return }
        if let node = try field("betas") {
            let betas = try node.numbers("a list of two numbers of at least 0 and below 1", count: 2) {
                $0.allSatisfy { 0 <= $0 && $0 < 1 }
            }
            (beta1, beta2) = (betas[0], betas[1])
        }
        if let node = try field("epsilon") { epsilon = try node.number("a number above 0") { $0 > 0 } }
        optimizer.rule = .adamw(beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    /// The defaults are torch.optim.SGD's.
    private func sgd() throws(PlanError) -> OptimizerRule {
        try refuse(["betas", "epsilon"], of: .adamw)
        let momentum = try own?.number("momentum", "a number of at least 0 and below 1", default: 0) {
            0 <= $0 && $0 < 1
        }
        let isNesterov = try own?.flag("nesterov", default: false)
        guard let momentum, let isNesterov else { return .sgd(momentum: 0, isNesterov: false) }
        guard momentum > 0 || !isNesterov else {
            throw .conflict(
                own?.place(of: "nesterov") ?? map.place, problem: "Nesterov's momentum needs a `momentum` above 0")
        }
        return .sgd(momentum: momentum, isNesterov: isNesterov)
    }

    private func average() throws(PlanError) -> AverageConfiguration? {
        guard let node = map["ema"] else { return nil }
        let map = try PlanMap(node, expected: "a map of `decay` and `warmup`")
        try map.allow(["decay", "warmup"])
        return AverageConfiguration(
            decay: try map.number("decay", "a number of at least 0 and below 1", default: 0.9999) { 0 <= $0 && $0 < 1 },
            warmsUp: try map.flag("warmup", default: false))
    }

    /// A field of `optimizer`, or the stage's own of that name.
    private func field(_ name: String) throws(PlanError) -> PlanNode? {
        guard let node = own?[name] else { return map[name] }
        guard map[name] == nil else {
            throw .conflict(node.place, problem: "the stage has a field `\(name)` of its own too; say it once")
        }
        return node
    }

    private func refuse(_ names: [String], of other: Kind) throws(PlanError) {
        for name in names {
            guard let node = own?[name] ?? map[name] else { continue }
            throw .conflict(
                node.place,
                problem: "`\(name)` belongs to the optimizer \(other.rawValue), and this stage has \(kind.rawValue)")
        }
    }
}
