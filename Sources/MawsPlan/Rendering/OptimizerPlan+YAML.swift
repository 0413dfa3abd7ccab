import MawsBase
import Yams

extension OptimizerPlan {
    /// Its fields as a stage of a plan file has them; AdamW's beside the others, as before there was another.
    var fields: [(String, Node?)] {
        let shared: [(String, Node?)] = [
            ("clip", clipNorm.map(Node.number) ?? .text("none")),
            ("moments", rule.slots.isEmpty ? nil : .text(moments.rawValue)), ("ema", average?.node),
        ]
        switch rule {
        case .adamw(let beta1, let beta2, let epsilon):
            return [
                ("weight_decay", .number(weightDecay)), ("betas", .numbers([beta1, beta2])),
                ("epsilon", .number(epsilon)),
            ] + shared
        case .sgd(let momentum, let isNesterov):
            let own = Node.map([
                ("kind", .text("sgd")), ("momentum", .number(momentum)), ("nesterov", .flag(isNesterov)),
            ])
            return [("optimizer", own), ("weight_decay", .number(weightDecay))] + shared
        }
    }
}

extension AverageConfiguration {
    fileprivate var node: Node { .map([("decay", .number(decay)), ("warmup", .flag(warmsUp))]) }
}
