import Foundation

extension Plan {
    /// The plan as it travels to servers and trainers. The same plan always gives the same bytes: keys are sorted and
    /// numbers are written in their shortest exact form, so a hash of them identifies the plan.
    package var canonicalJSON: [UInt8] { Self.canonicalBytes(self) }

    /// `canonicalJSON` of the part that may not change between a checkpoint and its resumption; see
    /// `differences(from:)`. Two plans with the same fixed part give the same weights.
    package var fixedJSON: [UInt8] {
        var fixed = self
        fixed.run = ""
        fixed.cluster = ClusterPlan(
            isLocal: false, servers: 0, trainers: 0, threads: 0, listen: "", heartbeatTimeoutSeconds: 0, leaseSeconds: 0
        )
        fixed.checkpoint = CheckpointPlan(everySeconds: 0, everySteps: nil, keep: 0)
        fixed.bitIdentity = true
        fixed.computeProfile = nil
        fixed.access = nil
        fixed.wire = WirePlan(push: .fp32, gather: .fp32)
        for split in fixed.data.indices { fixed.data[split].skipLimit = 0 }
        for stage in fixed.stages.indices { fixed.stages[stage].nonFiniteSkips = 0 }
        return Self.canonicalBytes(fixed)
    }

    /// `canonicalJSON` as a string, for messages and databases.
    package func json() -> String { String(decoding: canonicalJSON, as: UTF8.self) }

    /// The plan that `json()` wrote.
    package init(json: String) throws(PlanError) {
        do {
            self = try JSONDecoder().decode(Plan.self, from: Data(json.utf8))
        } catch {
            throw .undecodable(reason: Self.reason(error))
        }
    }

    private static func canonicalBytes(_ plan: Plan) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(plan))
        } catch {
            preconditionFailure("a plan holds only finite numbers and text, yet could not be encoded: \(error)")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            "the field \(path(context.codingPath + [key])) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "the field \(path(context.codingPath)) has another type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "the field \(path(context.codingPath)) has a value that is not allowed"
        default:
            "it is not JSON"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
}
