using FedPlatform.Learning.Algorithms.FedLoGe;

namespace FedPlatform.Agent.Bench;

/// <summary>SSE-C from nothing: 10,000 steps, one thread. Runs do it once and keep the result.</summary>
internal static class SparseEtfBench
{
    private const int Steps = 10_000;

    public static IEnumerable<Measurement> Run(BenchContext context)
    {
        foreach ((int d, int classes) in ((int, int)[])[(64, 10), (512, 10), (512, 100)])
        {
            int steps = context.Quick && classes > 10 ? Steps / 10 : Steps;
            long start = context.Time.GetTimestamp();
            SparseEtf.Build(d, classes, beta: 0.6, gamma: 0.1, seed: 0, steps, null, context.CancellationToken);
            double seconds = context.Time.GetElapsedTime(start).TotalSeconds * Steps / steps;
            yield return new Measurement
            {
                Bench = "sse-c",
                Case = $"d = {d}, C = {classes}",
                Value = seconds,
                Unit = "s",
                Note = steps == Steps ? $"{Steps:#,0} steps" : $"estimated from {steps:#,0} of {Steps:#,0} steps",
            };
        }
    }
}
