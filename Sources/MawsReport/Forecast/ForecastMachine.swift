import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// What a forecast knows of the machines: that trainers are like this one.
public struct ForecastMachine: Sendable {
    public var compute: ComputeKind
    /// Trainers of a local cluster; 1 where any number may come.
    public var trainers: Int
    /// Compute threads of each.
    public var threads: Int
    /// Floating-point operations a second of large products in the plan's precision, on all trainers' threads together.
    public var productRate: Double

    public init(compute: ComputeKind, trainers: Int, threads: Int, productRate: Double) {
        self.compute = compute
        self.trainers = trainers
        self.threads = threads
        self.productRate = productRate
    }

    /// Measures this machine; a fraction of a second.
    /// - Parameter cores: of this machine; more threads than those compute no faster.
    public init(measuredFor plan: Plan, cores: Int) {
        let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
        compute = plan.cluster.compute ?? ComputeBackend.fastestKind
        (trainers, threads) = plan.cluster.isLocal ? (plan.cluster.trainers, plan.cluster.threads) : (1, cores)
        let backend = ComputeBackend.make(compute, threads: min(cores, trainers * threads), operands: operands)
        productRate = backend?.productRate(now: Moment.now) ?? 0
    }
}
