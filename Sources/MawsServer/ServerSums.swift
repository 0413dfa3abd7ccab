import MawsOptimizer
import MawsSum

/// A server's sums are added by the threads that update its weights.
extension UpdateThreads: WholeAddition {}
