using System.CommandLine;
namespace FedPlatform.Agent.Commands;
internal static class BenchCommand { public static Command Create() => new("bench", "x"); }
