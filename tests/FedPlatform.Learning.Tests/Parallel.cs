// Live tensors are counted over the whole process, and runs use all cores by themselves.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
