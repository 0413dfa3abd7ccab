import MawsBase
import Yams

extension Plan {
    /// The plan with every field spelt out, as a plan file that loads back to an equal plan.
    package func yaml() -> String {
        do {
            return try Yams.serialize(node: node, width: 120, allowUnicode: true)
        } catch {
            preconditionFailure("a plan is maps, lists and texts, yet could not be written as YAML: \(error)")
        }
    }

    var node: Node {
        .map([
            ("run", .text(run)), ("seed", .number(seed)), ("cluster", cluster.node),
            ("data", .map(data.map { ($0.name, $0.node) })),
            ("model", .map([("image", model.image.node), ("text", model.text?.node)])),
            ("precision", .text(precision.rawValue)),
            ("stages", Node(stages.map { .map([($0.kind.rawValue, $0.node)]) }, .implicit, .block)),
            ("checkpoint", checkpoint.node),
            ("wire", .map([("push", .text(wire.push.rawValue)), ("gather", .text(wire.gather.rawValue))])),
            ("bit_identity", .flag(bitIdentity)), ("run_mode", access.map { .text($0.rawValue) }),
            ("compute_profile", computeProfile.map { .text($0) }),
        ])
    }
}

extension ClusterPlan {
    fileprivate var node: Node {
        .map([
            ("local", .flag(isLocal)), ("servers", .number(servers)),
            ("trainers", isLocal ? .number(trainers) : nil), ("threads", isLocal ? .number(threads) : nil),
            ("compute", compute.map { .text($0.rawValue) }), ("memory", memoryBytes.map(Node.number)),
            ("server_memory", serverMemoryBytes.map(Node.number)),
            ("listen", .text(listen)),
            ("lease", .seconds(leaseSeconds)),
            ("heartbeat", .seconds(heartbeatTimeoutSeconds)),
        ])
    }
}

extension DataSplitPlan {
    fileprivate var node: Node {
        .map([
            source, ("vocabulary", vocabulary.map(Node.text)),
            ("label_min_count", labelCountMin > 0 ? .number(labelCountMin) : nil),
            ("resample", resample.map { .map([("samples", .number($0.samples))]) }),
            ("exclude", exclude.map(Node.text)),
            ("tokenizer", tokenizer.map(Node.text)), ("skip_limit", .number(skipLimit)),
            ("pixels_max", .number(pixelCountMax)),
            ("shuffle", shuffleShards == .max ? nil : .number(shuffleShards)),
        ])
    }

    private var source: (String, Node?) {
        for name in ["folder", "list"] {
            if let first = shards.first, first.hasPrefix(name + ":") {
                return (name, .text(String(first.dropFirst(name.count + 1))))
            }
        }
        return ("shards", .list(shards))
    }
}

extension ImageModelPlan {
    fileprivate var node: Node {
        .map([
            ("preset", preset.map(Node.text)), ("patch", .number(patch)), ("size", .number(size)),
            ("channels", .number(channels)), ("width", .number(width)), ("depth", .number(depth)),
            ("heads", .number(heads)), ("mlp", .number(mlp)), ("mean", .numbers(mean)),
            ("std", .numbers(std)),
        ])
    }
}

extension TextModelPlan {
    fileprivate var node: Node {
        .map([
            ("preset", preset.map(Node.text)), ("vocabulary", .number(vocabulary)), ("context", .number(context)),
            ("width", .number(width)), ("depth", .number(depth)), ("heads", .number(heads)), ("mlp", .number(mlp)),
            ("embedding", .number(embedding)),
        ])
    }
}

extension CheckpointPlan {
    fileprivate var node: Node {
        .map([
            ("every", .seconds(everySeconds)), ("steps", everySteps.map(Node.number)), ("keep", .number(keep)),
        ])
    }
}
