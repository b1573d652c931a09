using System.Globalization;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;

namespace FedPlatform.Agent.Offline;

/// <summary>Where a run stands: one line that rewrites itself on a terminal, a line a committed round elsewhere.</summary>
public sealed class RunDisplay(Screen screen, int rounds)
{
    private const int EtaRounds = 9;

    private readonly Queue<double> _seconds = new();
    private string _round = "";

    public void Show(RoundProgress progress)
    {
        string where = progress.Phase switch
        {
            "train" => $"round {progress.Round}: training, {progress.ClientsDone} of {progress.ClientsTotal} clients",
            "evaluate" => $"round {progress.Round}: evaluating",
            "checkpoint" => $"round {progress.Round}: writing the checkpoint",
            "classifier" when progress.StepsTotal > 0 => $"building the classifier, {100 * progress.StepsDone / progress.StepsTotal} %",
            "classifier" => "building the classifier",
            _ => $"round {progress.Round}: {progress.Phase}",
        };
        screen.Status(_round.Length == 0 ? where : $"{_round} · {where}");
    }

    public void Show(RoundReport report)
    {
        _seconds.Enqueue(report.Seconds);
        if (_seconds.Count > EtaRounds) _seconds.Dequeue();
        _round = Line(report, rounds, Eta(report.Round));
        if (screen.Interactive) screen.Status(_round);
        else screen.Line(_round);
    }

    /// <summary>The last line stays; what comes next is written below it.</summary>
    public void End(string text)
    {
        screen.Status("");
        if (screen.Interactive && _round.Length > 0) screen.Line(_round);
        screen.Line(text);
    }

    /// <summary>Median of the last rounds × rounds left, which one slow round does not disturb.</summary>
    private TimeSpan Eta(int round)
    {
        double[] sorted = [.. _seconds.Order()];
        return TimeSpan.FromSeconds(sorted[sorted.Length / 2] * Math.Max(rounds - round, 0));
    }

    internal static string Line(RoundReport report, int rounds, TimeSpan eta) => string.Create(CultureInfo.InvariantCulture,
        $"round {report.Round}/{rounds}  GM {Fraction(report.Gm)}  PM {Fraction(report.Pm)}  loss {(report.Loss is { } l ? l.ToString("0.000", CultureInfo.InvariantCulture) : "–")}  {report.Seconds:0.0} s  ETA {Clock(eta)}");

    internal static string Clock(TimeSpan span) => span.TotalHours >= 1 ? $"{(int)span.TotalHours}:{span:mm\\:ss}" : $"{span:m\\:ss}";

    private static string Fraction(double? value) => value is { } v ? v.ToString("0.0000", CultureInfo.InvariantCulture) : "–";
}
