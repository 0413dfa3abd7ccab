import MawsBase
import MawsKernels
import MawsPlan
import MawsTraining

/// Whether the stages fit a machine at all, and those of a local cluster the memory that the plan gives its processes,
/// found before a run starts.
package enum MemoryCheck {
    /// A sentence for each stage and kind of process that does not, with file, line and field where they are known.
    /// - Parameter compute: what trainers multiply with where the plan does not say.
    package static func faults(plan: Plan, compute: ComputeKind = ComputeBackend.fastestKind) -> [String] {
        let cluster = plan.cluster
        let tooLarge = plan.stages.compactMap { SizeCheck.fault($0, in: plan) }
        guard cluster.isLocal, tooLarge.isEmpty else { return tooLarge }
        return plan.stages.flatMap { stage -> [String] in
            let table = StageModel.table(stage, in: plan)
            let trainer = fault("cluster.memory", plan) {
                guard cluster.memoryBytes != nil else { return }
                _ = try MemoryChoice(
                    plan: plan, stage: stage, compute: cluster.compute ?? compute, threads: cluster.threads,
                    memoryBytes: cluster.memoryBytes, trainers: cluster.trainers)
            }
            let server = fault("cluster.server_memory", plan) {
                try ServerForecast.check(plan: plan, stage: stage, table: table)
            }
            return [trainer, server].compactMap(\.self)
        }
    }

    private static func fault(_ field: String, _ plan: Plan, _ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return plan.located(field, "\(error)")
        }
    }
}
